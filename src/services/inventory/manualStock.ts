import type { FlowmartReceived } from '../../../machines/index.js';
import type { AdjustmentReason } from '../../../machines/inventory/inventory.messages.js';
import { DomainError } from '../../runtime/errors.js';
import type { NameOf } from './orderStock.js';
import type { Change, Posting } from './posting.js';
import type { Shelf } from './shelf.js';
import { availableOf, type StockItem } from './stockItem.js';
import type { Site } from './warehouseRows.js';

/** What people ask of stock. */
export type ManualStockMessage = FlowmartReceived<
  'AddInventory' | 'UpdateInventory' | 'SetInventory' | 'DeleteInventory'
>;

/** What a manual change may look at. */
export interface Grounds {
  readonly shelf: Shelf;
  readonly sites: ReadonlyMap<string, Site>;
  readonly nameOf: NameOf;
}

const manualReasons: ReadonlySet<AdjustmentReason> = new Set([
  'restock',
  'customer_return',
  'damaged_goods',
  'transfer',
  'manual_correction',
]);

/**
 * Applies one manual change to the shelf and answers the stock item that it was about.
 * @throws {DomainError} UNKNOWN_STOCK_ITEM, UNKNOWN_PRODUCT, UNKNOWN_WAREHOUSE, WAREHOUSE_INACTIVE, WAREHOUSE_FULL,
 *   PRODUCT_MISMATCH, STOCK_ITEM_DISCONTINUED, INSUFFICIENT_STOCK, RESERVATIONS_OPEN, REASON_NOT_MANUAL; nothing has changed then
 */
export function serveManually(message: ManualStockMessage, grounds: Grounds, posting: Posting): StockItem {
  switch (message.type) {
    case 'AddInventory':
      return add(message.data, grounds, posting);
    case 'UpdateInventory':
      return adjust(message.data, message.data.quantityChange, grounds, posting);
    case 'SetInventory': {
      const item = matchingItem(message.data, grounds.shelf);
      return adjust(message.data, message.data.quantity - item.onHand, grounds, posting);
    }
    case 'DeleteInventory':
      return discontinue(message.data.stockItemId, grounds.shelf);
  }
}

function add(data: FlowmartReceived<'AddInventory'>['data'], grounds: Grounds, posting: Posting): StockItem {
  const { productId, warehouseId, quantity, source, performedBy } = data;
  const site = grounds.sites.get(warehouseId);
  if (!site) throw new DomainError('UNKNOWN_WAREHOUSE', `There is no warehouse ${warehouseId}.`, { warehouseId });
  if (source?.type === 'transfer' && !grounds.sites.has(source.sourceWarehouseId)) {
    throw new DomainError('UNKNOWN_WAREHOUSE', `There is no warehouse ${source.sourceWarehouseId}.`, {
      warehouseId: source.sourceWarehouseId,
    });
  }
  const known = grounds.shelf.byId(data.stockItemId);
  if (known && (known.productId !== productId || known.warehouseId !== warehouseId)) throw mismatch(data.stockItemId);
  const existing = grounds.shelf.byPlace(productId, warehouseId);
  const item = existing ?? newItem(data, site, grounds);
  refuseDiscontinued(item);
  const damaged = source?.type === 'return' && source.condition === 'damaged';
  if (!damaged) makeRoom(site, quantity);
  if (!existing) grounds.shelf.add(item);

  posting.move(item, { ...inbound(data), quantity, onHand: quantity, performedBy });
  // Damaged goods came in, and are not for sale: the ledger shows both.
  if (damaged)
    posting.move(item, { type: 'ADJUSTMENT', quantity, onHand: -quantity, reason: 'damaged_goods', performedBy });
  return item;
}

/** How goods that come in are written down. */
function inbound({
  source,
  warehouseId,
}: FlowmartReceived<'AddInventory'>['data']): Pick<Change, 'type' | 'reason' | 'from' | 'to'> {
  if (source?.type === 'return') return { type: 'RETURN', reason: 'customer_return', to: warehouseId };
  if (source?.type === 'transfer')
    return { type: 'TRANSFER', reason: 'transfer', from: source.sourceWarehouseId, to: warehouseId };
  return { type: 'INBOUND', reason: 'restock', to: warehouseId };
}

function newItem(data: FlowmartReceived<'AddInventory'>['data'], site: Site, grounds: Grounds): StockItem {
  const product = grounds.nameOf(data.productId);
  if (!product)
    throw new DomainError('UNKNOWN_PRODUCT', `There is no product ${data.productId}.`, { productId: data.productId });
  return {
    stockItemId: data.stockItemId,
    productId: data.productId,
    sku: product.sku,
    productName: product.name,
    warehouseId: data.warehouseId,
    warehouseCode: site.code,
    warehouseActive: site.isActive,
    lat: site.lat,
    lon: site.lon,
    reorderPoint: 0,
    reorderQty: 0,
    maxLevel: null,
    status: 'ACTIVE',
    onHand: 0,
    reserved: 0,
    version: 0,
  };
}

function adjust(
  data: FlowmartReceived<'UpdateInventory' | 'SetInventory'>['data'],
  change: number,
  grounds: Grounds,
  posting: Posting,
): StockItem {
  const item = matchingItem(data, grounds.shelf);
  if (!manualReasons.has(data.reason)) {
    throw new DomainError(
      'REASON_NOT_MANUAL',
      `${data.reason} is for orders; a person changes stock for: ${[...manualReasons].join(', ')}.`,
    );
  }
  if (change < -availableOf(item)) {
    throw new DomainError(
      'INSUFFICIENT_STOCK',
      `Only ${availableOf(item)} of ${item.onHand} can be taken away: ${item.reserved} are reserved.`,
      {
        onHand: item.onHand,
        reserved: item.reserved,
        available: availableOf(item),
      },
    );
  }
  if (change > 0) {
    refuseDiscontinued(item);
    makeRoom(grounds.sites.get(item.warehouseId) as Site, change);
  }
  if (change !== 0) {
    posting.move(item, {
      type: 'ADJUSTMENT',
      quantity: Math.abs(change),
      onHand: change,
      reason: data.reason,
      performedBy: data.performedBy,
    });
  }
  return item;
}

function discontinue(stockItemId: string, shelf: Shelf): StockItem {
  const item = itemOf(stockItemId, shelf);
  if (item.reserved > 0) {
    throw new DomainError('RESERVATIONS_OPEN', `${item.reserved} units are reserved for orders.`, {
      reserved: item.reserved,
    });
  }
  item.status = 'DISCONTINUED';
  return item;
}

function matchingItem(data: { stockItemId: string; productId: string; warehouseId: string }, shelf: Shelf): StockItem {
  const item = itemOf(data.stockItemId, shelf);
  if (item.productId !== data.productId || item.warehouseId !== data.warehouseId) throw mismatch(data.stockItemId);
  return item;
}

function itemOf(stockItemId: string, shelf: Shelf): StockItem {
  const item = shelf.byId(stockItemId);
  if (!item) throw new DomainError('UNKNOWN_STOCK_ITEM', `There is no stock item ${stockItemId}.`, { stockItemId });
  return item;
}

const mismatch = (stockItemId: string) =>
  new DomainError('PRODUCT_MISMATCH', `Stock item ${stockItemId} is of another product or warehouse.`, { stockItemId });

function refuseDiscontinued(item: StockItem): void {
  if (item.status !== 'DISCONTINUED') return;
  throw new DomainError('STOCK_ITEM_DISCONTINUED', `Stock item ${item.stockItemId} is discontinued.`, {
    stockItemId: item.stockItemId,
  });
}

/** Nothing comes into a closed or a full warehouse (5.2). */
function makeRoom(site: Site, quantity: number): void {
  if (!site.isActive)
    throw new DomainError('WAREHOUSE_INACTIVE', `Warehouse ${site.code} is closed.`, { warehouse: site.code });
  if (site.used + quantity > site.capacity) {
    throw new DomainError(
      'WAREHOUSE_FULL',
      `Warehouse ${site.code} has room for ${Math.max(0, site.capacity - site.used)} more.`,
      {
        warehouse: site.code,
        capacity: site.capacity,
        used: site.used,
      },
    );
  }
  site.used += quantity;
}

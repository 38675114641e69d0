import type { FlowmartReceived } from '../../../machines/index.js';
import { FatalError } from '../../runtime/errors.js';
import { planAllocation, type Shortage, toAllocation } from './allocate.js';
import type { Posting } from './posting.js';
import type { Shelf } from './shelf.js';

/** What an order's reservation asks of stock. */
export type OrderStockMessage = FlowmartReceived<'AllocateStock' | 'ReleaseStock' | 'CommitStock' | 'ShipStock'>;

/** Sku and name of a product, for telling people about one that no warehouse has. */
export type NameOf = (productId: string) => { readonly sku: string; readonly name: string } | undefined;

/** Applies one question of a reservation to the shelf; its answer and what else follows is in the posting. */
export function serveOrder(message: OrderStockMessage, shelf: Shelf, posting: Posting, nameOf: NameOf): void {
  if (message.type === 'AllocateStock') {
    allocate(message.data, shelf, posting, nameOf);
    return;
  }
  for (const { stockItemId, quantity } of message.data.allocations) {
    const item = shelf.byId(stockItemId);
    if (!item) throw new FatalError('UNKNOWN_STOCK_ITEM', `there is no stock item ${stockItemId}`);
    posting.move(item, {
      quantity,
      orderId: message.data.orderId,
      performedBy: 'system',
      ...changeOf(message, quantity),
    });
  }
}

function changeOf(message: Exclude<OrderStockMessage, { type: 'AllocateStock' }>, quantity: number) {
  switch (message.type) {
    case 'ReleaseStock':
      return { type: 'ADJUSTMENT', reserved: -quantity, reason: message.data.reason } as const;
    case 'CommitStock':
      // Stock leaves at dispatch, not at payment (C-07): the hold just loses its expiry, and the ledger says so (V-05).
      return { type: 'ADJUSTMENT', reason: 'reservation_committed' } as const;
    case 'ShipStock':
      return { type: 'OUTBOUND', onHand: -quantity, reserved: -quantity, reason: 'order_shipped' } as const;
  }
}

/** V-02 and V-03: every line, or none and the shortages. */
function allocate(
  order: FlowmartReceived<'AllocateStock'>['data'],
  shelf: Shelf,
  posting: Posting,
  nameOf: NameOf,
): void {
  const { orderId, destination, lines } = order;
  const plan = planAllocation(lines, (productId) => shelf.nearestFirst(productId, destination.country));
  if ('shortages' in plan) {
    posting.emit.push({ type: 'StockInsufficient', data: { orderId, shortages: [...plan.shortages] } });
    tellShort(orderId, plan.shortages[0] as Shortage, posting, nameOf);
    return;
  }
  posting.emit.push({ type: 'StockAllocated', data: { orderId, allocations: plan.picks.map(toAllocation) } });
  for (const { item, quantity } of plan.picks) {
    posting.move(item, {
      type: 'ADJUSTMENT',
      quantity,
      reserved: quantity,
      reason: 'order_reserved',
      orderId,
      performedBy: 'system',
    });
  }
}

/** The order is told once, by its first short line (C-58). */
function tellShort(orderId: string, shortage: Shortage, posting: Posting, nameOf: NameOf): void {
  const product = nameOf(shortage.productId);
  posting.emit.push({
    type: 'OutOfStock',
    data: {
      productId: shortage.productId,
      sku: product?.sku ?? '',
      productName: product?.name ?? '',
      warehouseId: null,
      currentQuantity: shortage.available,
      orderId,
      requestedQuantity: shortage.requested,
      timestamp: posting.at,
    },
  });
}

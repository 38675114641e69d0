import type { FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { DomainError } from '../../runtime/errors.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import { type ManualStockMessage, serveManually } from './manualStock.js';
import { type NameOf, serveOrder } from './orderStock.js';
import { firstMovementId, type Movement, Posting } from './posting.js';
import { Shelf } from './shelf.js';
import { type StockItem, viewOf } from './stockItem.js';
import { insertStockItems, lockStock, readProductNames, readStock, recordedMovements, saveStock } from './stockRows.js';
import { lockWarehouses, type Site } from './warehouseRows.js';

type StockMessage = FlowmartReceived<MessagesFor<'stock'>>;

/**
 * Stock: never below zero, every order's lines all or none, nearest warehouse first (R-14, R-16, V-02 to V-08). A batch locks
 * what it may touch in one order, is worked through in memory in message order, and is written back in one statement; the
 * number of statements does not depend on the number of messages: 3 for allocations, 8 at most.
 */
export const stock: Handler<MessagesFor<'stock'>> = {
  kind: 'handler',
  handle: (trx: Trx, messages: readonly StockMessage[]) => new StockBatch(trx, messages).handle(),
};

/** One batch of messages, as long as its transaction. */
class StockBatch {
  readonly #trx: Trx;
  readonly #messages: readonly StockMessage[];
  readonly #movements: Movement[] = [];
  readonly #touched = new Set<StockItem>();
  readonly #counted = new Map<string, string>();
  #shelf = new Shelf([]);
  #sites: ReadonlyMap<string, Site> = new Map();
  #products: ReadonlyMap<string, { readonly sku: string; readonly name: string }> = new Map();

  constructor(trx: Trx, messages: readonly StockMessage[]) {
    this.#trx = trx;
    this.#messages = messages;
  }

  async handle(): Promise<Handled[]> {
    await this.#fetch();
    const known = new Set(this.#shelf.items);
    const firstMovements = this.#messages.map((message) => firstMovementId(message.id));
    const recorded = await recordedMovements(this.#trx, firstMovements);
    const handled = this.#messages.map((message, index) =>
      recorded.has(firstMovements[index] as string) ? this.#repeated(message) : this.#serve(message),
    );
    const created = [...this.#shelf.items].filter((item) => !known.has(item));
    if (created.length > 0) await insertStockItems(this.#trx, created);
    if (this.#movements.length > 0 || this.#touched.size > 0) {
      await saveStock(this.#trx, [...this.#touched], this.#movements, this.#counted);
    }
    return handled;
  }

  /** Reads, under lock, everything that the messages may look at or change. */
  async #fetch(): Promise<void> {
    const needs = needsOf(this.#messages);
    if (needs.warehouseIds.size > 0) this.#sites = await lockWarehouses(this.#trx, [...needs.warehouseIds]);
    if (needs.productIds.size > 0 || needs.stockItemIds.size > 0) {
      this.#shelf = new Shelf(await lockStock(this.#trx, [...needs.productIds], [...needs.stockItemIds]));
    }
    const unlocked = [...needs.committedIds].filter((id) => !this.#shelf.byId(id));
    if (unlocked.length > 0) for (const item of await readStock(this.#trx, unlocked)) this.#shelf.add(item);
    const unnamed = [...needs.productIds].filter((id) => !this.#shelf.anyOf(id));
    if (unnamed.length > 0) this.#products = await readProductNames(this.#trx, unnamed);
  }

  #serve(message: StockMessage): Handled {
    const posting = new Posting(message.id, message.at);
    if (!isManual(message)) {
      serveOrder(message, this.#shelf, posting, this.#nameOf);
      this.#keep(posting);
      return { emit: posting.emit };
    }
    try {
      const item = serveManually(message, { shelf: this.#shelf, sites: this.#sites, nameOf: this.#nameOf }, posting);
      if (message.type === 'SetInventory') this.#counted.set(item.stockItemId, message.at);
      this.#touched.add(item);
      this.#keep(posting);
      return { emit: posting.emit, answer: viewOf(item) };
    } catch (error) {
      if (error instanceof DomainError) return { refuse: error };
      throw error;
    }
  }

  /** The ledger has this message already: whatever it had to say was said then. */
  #repeated(message: StockMessage): Handled {
    if (!isManual(message)) return {};
    const { data } = message;
    const item =
      'productId' in data ? this.#shelf.byPlace(data.productId, data.warehouseId) : this.#shelf.byId(data.stockItemId);
    return { answer: item && viewOf(item) };
  }

  #keep(posting: Posting): void {
    for (const movement of posting.movements) {
      this.#movements.push(movement);
      if (movement.onHandChange !== 0 || movement.reservedChange !== 0) {
        this.#touched.add(this.#shelf.byId(movement.stockItemId) as StockItem);
      }
    }
  }

  readonly #nameOf: NameOf = (productId) => {
    const item = this.#shelf.anyOf(productId);
    return item ? { sku: item.sku, name: item.productName } : this.#products.get(productId);
  };
}

const manualTypes: ReadonlySet<string> = new Set([
  'AddInventory',
  'UpdateInventory',
  'SetInventory',
  'DeleteInventory',
]);

const isManual = (message: StockMessage): message is ManualStockMessage => manualTypes.has(message.type);

/** What a batch has to lock or read before it can be worked through. */
function needsOf(messages: readonly StockMessage[]) {
  const productIds = new Set<string>();
  const stockItemIds = new Set<string>();
  const committedIds = new Set<string>();
  const warehouseIds = new Set<string>();
  for (const { type, data } of messages) {
    switch (type) {
      case 'AllocateStock':
        for (const line of data.lines) productIds.add(line.productId);
        break;
      case 'ReleaseStock':
      case 'ShipStock':
        for (const { stockItemId } of data.allocations) stockItemIds.add(stockItemId);
        break;
      case 'CommitStock':
        for (const { stockItemId } of data.allocations) committedIds.add(stockItemId);
        break;
      case 'AddInventory':
        productIds.add(data.productId);
        stockItemIds.add(data.stockItemId);
        warehouseIds.add(data.warehouseId);
        if (data.source?.type === 'transfer') warehouseIds.add(data.source.sourceWarehouseId);
        break;
      case 'UpdateInventory':
      case 'SetInventory':
        stockItemIds.add(data.stockItemId);
        warehouseIds.add(data.warehouseId);
        break;
      case 'DeleteInventory':
        stockItemIds.add(data.stockItemId);
    }
  }
  return { productIds, stockItemIds, committedIds, warehouseIds };
}

import type { Outgoing, Received } from '../../machines/shared/message.js';
import { type OrderStockMessage, serveOrder } from '../../src/services/inventory/orderStock.js';
import { firstMovementId, type Movement, Posting } from '../../src/services/inventory/posting.js';
import { Shelf } from '../../src/services/inventory/shelf.js';
import type { StockItem } from '../../src/services/inventory/stockItem.js';
import type { MemoryHandler } from './world.js';

/** The stock handler's rows in memory; what is counted, and how, is the real one's. */
export class StockRoom implements MemoryHandler {
  readonly kind = 'handler';
  readonly movements: Movement[] = [];
  readonly #shelf: Shelf;
  readonly #recorded = new Set<string>();

  constructor(readonly items: readonly StockItem[]) {
    this.#shelf = new Shelf(items);
  }

  handle(message: Received): readonly Outgoing[] {
    if (this.#recorded.has(firstMovementId(message.id))) return [];
    const posting = new Posting(message.id, message.at);
    serveOrder(message as OrderStockMessage, this.#shelf, posting, (productId) => {
      const item = this.#shelf.anyOf(productId);
      return item && { sku: item.sku, name: item.productName };
    });
    this.movements.push(...posting.movements);
    for (const { movementId } of posting.movements) this.#recorded.add(movementId);
    return posting.emit;
  }
}

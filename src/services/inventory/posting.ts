import type { FlowmartOutgoing } from '../../../machines/index.js';
import type { AdjustmentReason } from '../../../machines/inventory/inventory.messages.js';
import { deriveId } from '../../../machines/shared/ids.js';
import type { MovementType } from '../../db/tables/inventory.js';
import { FatalError } from '../../runtime/errors.js';
import { availableOf, type StockItem } from './stockItem.js';

/** What the stock handler says. */
export type StockOutgoing = FlowmartOutgoing<
  'StockAllocated' | 'StockInsufficient' | 'InventoryAdjusted' | 'OutOfStock' | 'LowStockAlert'
>;

/** A row to be of the ledger. */
export interface Movement {
  readonly movementId: string;
  readonly stockItemId: string;
  readonly stockVersion: number;
  readonly type: MovementType;
  readonly quantity: number;
  readonly onHandChange: number;
  readonly reservedChange: number;
  readonly reason: AdjustmentReason;
  readonly sourceWarehouseId: string | null;
  readonly destinationWarehouseId: string | null;
  readonly orderId: string | null;
  readonly performedBy: string;
  readonly occurredAt: string;
}

/** One change of one stock item; the signs are in the changes, `quantity` is the units it is about. */
export interface Change {
  readonly type: MovementType;
  readonly quantity: number;
  readonly onHand?: number;
  readonly reserved?: number;
  readonly reason: AdjustmentReason;
  readonly orderId?: string;
  readonly performedBy: string;
  readonly from?: string;
  readonly to?: string;
}

/** The id of a message's first movement; when the ledger has it, the message has been handled before. */
export const firstMovementId = (messageId: string): string => movementId(messageId, 0);

const movementId = (messageId: string, nth: number): string => deriveId(messageId, `movement/${nth}`);

/** What one message does to stock: its movements, and what everybody is told because of them. */
export class Posting {
  readonly movements: Movement[] = [];
  readonly emit: StockOutgoing[] = [];

  constructor(
    readonly messageId: string,
    readonly at: string,
  ) {}

  /**
   * Changes a stock item in memory, writes the movement down and tells of it: one InventoryAdjusted per movement (5.2),
   * OutOfStock when nothing is left (C-58), LowStockAlert when the reorder point is crossed.
   * @throws {FatalError} NEGATIVE_STOCK for a change that no correct sender asks for
   */
  move(item: StockItem, change: Change): void {
    const before = availableOf(item);
    const onHand = item.onHand + (change.onHand ?? 0);
    const reserved = item.reserved + (change.reserved ?? 0);
    if (reserved < 0 || onHand < reserved) {
      throw new FatalError(
        'NEGATIVE_STOCK',
        `${change.reason} of ${change.quantity} would take ${item.stockItemId} to ${onHand} on hand, ${reserved} reserved`,
      );
    }
    // A commit changes nothing that is counted, so the version stays: nobody has to wait for anybody.
    if (change.onHand || change.reserved) item.version += 1;
    item.onHand = onHand;
    item.reserved = reserved;
    const id = movementId(this.messageId, this.movements.length);
    this.movements.push({
      movementId: id,
      stockItemId: item.stockItemId,
      stockVersion: item.version,
      type: change.type,
      quantity: change.quantity,
      onHandChange: change.onHand ?? 0,
      reservedChange: change.reserved ?? 0,
      reason: change.reason,
      sourceWarehouseId: change.from ?? null,
      destinationWarehouseId: change.to ?? null,
      orderId: change.orderId ?? null,
      performedBy: change.performedBy,
      occurredAt: this.at,
    });
    this.#tellAdjusted(item, change, id, before);
    this.#tellScarcity(item, before);
  }

  #tellAdjusted(item: StockItem, change: Change, adjustmentId: string, before: number): void {
    const after = availableOf(item);
    this.emit.push({
      type: 'InventoryAdjusted',
      data: {
        adjustmentId,
        productId: item.productId,
        sku: item.sku,
        productName: item.productName,
        stockItemId: item.stockItemId,
        warehouseId: item.warehouseId,
        adjustmentType: after > before ? 'increase' : after < before ? 'decrease' : 'none',
        previousQuantity: before,
        adjustedQuantity: after - before,
        newQuantity: after,
        quantityOnHand: item.onHand,
        quantityReserved: item.reserved,
        stockVersion: item.version,
        reason: change.reason,
        quantity: change.quantity,
        ...(change.orderId && { orderId: change.orderId, reservationId: change.orderId }),
        adjustedBy: change.performedBy,
        timestamp: this.at,
      },
    });
  }

  #tellScarcity(item: StockItem, before: number): void {
    const after = availableOf(item);
    if (after === 0 && before > 0) {
      this.emit.push({
        type: 'OutOfStock',
        data: {
          productId: item.productId,
          sku: item.sku,
          productName: item.productName,
          warehouseId: item.warehouseId,
          currentQuantity: 0,
          timestamp: this.at,
        },
      });
    }
    if (item.reorderPoint > 0 && before > item.reorderPoint && after <= item.reorderPoint) {
      this.emit.push({
        type: 'LowStockAlert',
        data: {
          productId: item.productId,
          sku: item.sku,
          stockItemId: item.stockItemId,
          warehouseId: item.warehouseId,
          available: after,
          reorderPoint: item.reorderPoint,
          reorderQuantity: reorderQuantity(item),
          timestamp: this.at,
        },
      });
    }
  }
}

/** How much to order: the policy's quantity, but no more than fits below the maximum level. */
export function reorderQuantity(item: Pick<StockItem, 'reorderQty' | 'maxLevel' | 'onHand'>): number {
  return item.maxLevel === null ? item.reorderQty : Math.max(0, Math.min(item.reorderQty, item.maxLevel - item.onHand));
}

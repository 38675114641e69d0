import { z } from 'zod';
import { command, event, privateEvent } from '../shared/message.js';
import { address, allocation, instant, uuid } from '../shared/values.js';

export const adjustmentReason = z.enum([
  'restock',
  'customer_return',
  'damaged_goods',
  'order_reserved',
  'reservation_committed',
  'reservation_released',
  'reservation_expired',
  'order_shipped',
  'order_amended',
  'transfer',
  'manual_correction',
]);
export type AdjustmentReason = z.infer<typeof adjustmentReason>;

const inventorySource = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('purchase_order'),
    purchaseOrderId: uuid,
    supplierId: uuid,
    receivedDate: z.iso.date().optional(),
  }),
  z.strictObject({ type: z.literal('transfer'), sourceWarehouseId: uuid, transferId: uuid }),
  z.strictObject({
    type: z.literal('return'),
    orderId: uuid,
    returnId: uuid,
    condition: z.enum(['new', 'refurbished', 'damaged']),
  }),
]);

/** Messages of the Inventory service (domain.md 2.2). */
export const inventoryMessages = {
  AddInventory: command(
    '1.0.0',
    'Goods came in.',
    z.strictObject({
      stockItemId: uuid,
      productId: uuid,
      warehouseId: uuid,
      quantity: z.int().min(1),
      source: inventorySource.optional(),
      performedBy: z.string(),
    }),
  ),
  UpdateInventory: command(
    '1.0.0',
    'Change stock by a signed quantity; never below what is reserved.',
    z.strictObject({
      stockItemId: uuid,
      productId: uuid,
      warehouseId: uuid,
      quantityChange: z.int(),
      reason: adjustmentReason,
      performedBy: z.string(),
    }),
  ),
  SetInventory: command(
    '1.0.0',
    'Set the quantity on hand after a count.',
    z.strictObject({
      stockItemId: uuid,
      productId: uuid,
      warehouseId: uuid,
      quantity: z.int().min(0),
      reason: adjustmentReason,
      performedBy: z.string(),
    }),
  ),
  DeleteInventory: command(
    '1.0.0',
    'Discontinue a stock item; refused while reservations are open.',
    z.strictObject({ stockItemId: uuid, performedBy: z.string() }),
  ),
  InventoryAdjusted: event(
    '1.3.0',
    'The available stock of one product in one warehouse changed; one per movement (C-01).',
    z.strictObject({
      adjustmentId: uuid,
      productId: uuid,
      sku: z.string(),
      productName: z.string(),
      stockItemId: uuid,
      warehouseId: uuid,
      adjustmentType: z.enum(['increase', 'decrease', 'none']),
      previousQuantity: z.int(),
      /** Signed change of the available quantity; zero for a commit. */
      adjustedQuantity: z.int(),
      /** Available after the change. */
      newQuantity: z.int(),
      quantityOnHand: z.int().min(0),
      quantityReserved: z.int().min(0),
      /** Version of the stock item after the change: of two adjustments the higher one is the newer. */
      stockVersion: z.int().min(0),
      reason: adjustmentReason,
      /** Units of the movement, always positive. */
      quantity: z.int().min(1),
      orderId: uuid.optional(),
      reservationId: uuid.optional(),
      adjustedBy: z.string(),
      timestamp: instant,
    }),
  ),
  OutOfStock: event(
    '1.0.0',
    'A product ran out in a warehouse, or an order could not be allocated (C-58).',
    z.strictObject({
      productId: uuid,
      sku: z.string(),
      productName: z.string(),
      warehouseId: uuid.nullable(),
      currentQuantity: z.int().min(0),
      orderId: uuid.optional(),
      requestedQuantity: z.int().optional(),
      timestamp: instant,
    }),
  ),
  LowStockAlert: privateEvent(
    '1.0.0',
    'Available stock fell to the reorder point (R-17).',
    z.strictObject({
      productId: uuid,
      sku: z.string(),
      stockItemId: uuid,
      warehouseId: uuid,
      available: z.int(),
      reorderPoint: z.int(),
      reorderQuantity: z.int(),
      timestamp: instant,
    }),
  ),
  ExtendHold: command(
    '1.0.0',
    'Keep an order’s stock longer: a payment retry (within the 30 min cap) or a fraud review (to its deadline) (R-12, V-04).',
    z.strictObject({ orderId: uuid, until: instant, cause: z.enum(['paymentRetry', 'fraudReview']) }),
  ),
  AllocateStock: command(
    '1.0.0',
    'Hold every line of an order, nearest warehouse first, or none (R-14, R-16).',
    z.strictObject({
      orderId: uuid,
      destination: address,
      lines: z.array(z.strictObject({ productId: uuid, quantity: z.int().min(1) })).min(1),
    }),
  ),
  ReleaseStock: command(
    '1.0.0',
    'Give held stock back.',
    z.strictObject({
      orderId: uuid,
      allocations: z.array(allocation),
      reason: z.enum(['reservation_released', 'reservation_expired']),
    }),
  ),
  CommitStock: command(
    '1.0.0',
    'Mark held stock as sold.',
    z.strictObject({ orderId: uuid, allocations: z.array(allocation) }),
  ),
  ShipStock: command(
    '1.0.0',
    'Take shipped stock off the shelf.',
    z.strictObject({ orderId: uuid, allocations: z.array(allocation) }),
  ),
  StockAllocated: privateEvent(
    '1.0.0',
    'Every line is held.',
    z.strictObject({ orderId: uuid, allocations: z.array(allocation) }),
  ),
  StockInsufficient: privateEvent(
    '1.0.0',
    'At least one line could not be held; nothing is.',
    z.strictObject({
      orderId: uuid,
      shortages: z.array(z.strictObject({ productId: uuid, requested: z.int(), available: z.int() })),
    }),
  ),
  StockCommitted: privateEvent(
    '1.0.0',
    'A paid order’s stock is sold and waits for the carrier (half of P-16).',
    z.strictObject({ orderId: uuid, paymentId: uuid, allocations: z.array(allocation) }),
  ),
  ReservationExpired: privateEvent(
    '1.0.0',
    'An order’s hold ended unpaid (V-06).',
    z.strictObject({ orderId: uuid, expiredAt: instant }),
  ),
};

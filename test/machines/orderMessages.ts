import type { MessageData } from '../../machines/index.js';
import type { Address, Money } from '../../machines/shared/values.js';
import { at, id, message } from './given.js';

export const usd = (amount: number): Money => ({ amount, currency: 'USD' });
export const pier: Address = {
  street: '1 Pier Road',
  city: 'Seattle',
  state: 'WA',
  postalCode: '98101',
  country: 'US',
};
export const orderId = id('order');
export const customerId = id('customer');
export const reno = id('warehouse reno');
export const york = id('warehouse york');
export const mug = id('product mug');
export const lamp = id('product lamp');
export const total = usd(13_497);
const method = { type: 'card', token: 'pm_card_visa' } as const;
export const otherMethod = { type: 'card', token: 'pm_card_mastercard' } as const;

/** Two mugs and a lamp: 2 × 49.99 + 29.99, 5.00 off, tax 5.00, shipping 5.00 (all USD). */
export const placing: MessageData<'PlaceOrder'> = {
  orderId,
  orderNumber: 'FM-2026-000001',
  customerId,
  items: [
    { productId: mug, sku: 'MUG-1', productName: 'Mug', quantity: 2, unitPrice: usd(4999), totalPrice: usd(9998) },
    { productId: lamp, sku: 'LAMP-1', productName: 'Lamp', quantity: 1, unitPrice: usd(2999), totalPrice: usd(2999) },
  ],
  subtotal: usd(12_997),
  discount: usd(500),
  tax: usd(500),
  shipping: usd(500),
  totalAmount: total,
  shippingAddress: pier,
  billingAddress: pier,
  shippingMethod: 'standard',
  paymentMethod: method,
  checkout: { ipAddress: '192.0.2.1', previousOrders: 3, customerSince: at(-100_000) },
};

export const placed = (change: Partial<MessageData<'PlaceOrder'>> = {}) =>
  message('PlaceOrder', { ...placing, ...change });

/** One movement of stock to the order. */
export const reserved = (
  productId: string,
  quantity: number,
  warehouseId = reno,
  change: Partial<MessageData<'InventoryAdjusted'>> = {},
) =>
  message('InventoryAdjusted', {
    adjustmentId: id(`movement ${productId} ${quantity} ${warehouseId}`),
    productId,
    sku: 'SKU',
    productName: 'Product',
    stockItemId: id(`${productId} in ${warehouseId}`),
    warehouseId,
    adjustmentType: 'decrease',
    previousQuantity: 10,
    adjustedQuantity: -quantity,
    newQuantity: 10 - quantity,
    quantityOnHand: 10,
    quantityReserved: quantity,
    reason: 'order_reserved',
    quantity,
    orderId,
    reservationId: orderId,
    stockVersion: 1,
    adjustedBy: 'inventory',
    timestamp: at(),
    ...change,
  });

export const shortage = (productId = mug) =>
  message('OutOfStock', {
    productId,
    sku: 'MUG-1',
    productName: 'Mug',
    warehouseId: null,
    currentQuantity: 1,
    orderId,
    requestedQuantity: 2,
    timestamp: at(),
  });

export const expired = (when = at(15)) => message('ReservationExpired', { orderId, expiredAt: when }, when);

const purpose = { orderId, subscriptionId: null, invoiceId: null, customerId };

export const failed = (paymentId: string, change: Partial<MessageData<'PaymentFailed'>> = {}, when = at(1)) =>
  message(
    'PaymentFailed',
    {
      paymentId,
      ...purpose,
      amount: total,
      failureReason: 'insufficient_funds',
      failureCode: 'insufficient_funds',
      failureMessage: 'Your card has insufficient funds.',
      attemptNumber: 1,
      maxAttempts: 3,
      canRetry: true,
      methodUsable: true,
      nextRetryAt: null,
      timestamp: when,
      ...change,
    },
    when,
  );

export const processed = (paymentId: string, amount = total) =>
  message('PaymentProcessed', {
    paymentId,
    transactionId: id('transaction'),
    ...purpose,
    userId: customerId,
    amount,
    currency: amount.currency,
    paymentMethod: 'CreditCard',
    status: 'confirmed',
    confirmationDetails: { gatewayResponse: 'approved', transactionId: 'pi_1' },
    timestamp: at(1),
  });

export const complete = (paymentId: string, allocations: MessageData<'PaymentComplete'>['allocations']) =>
  message(
    'PaymentComplete',
    {
      paymentId,
      ...purpose,
      amount: total,
      transactionId: id('transaction'),
      status: 'completed',
      processingFee: usd(421),
      netAmount: usd(13_076),
      allocations,
      completedAt: at(2),
    },
    at(2),
  );

const fraudSubject = (paymentId: string) => ({ paymentId, transactionId: id('transaction'), orderId, customerId });

export const review = (paymentId: string, reviewDueAt: string | null = at(24 * 60)) =>
  message('FraudCheckCompleted', {
    ...fraudSubject(paymentId),
    riskScore: 62,
    decision: 'MANUAL_REVIEW',
    reasons: ['velocity'],
    signals: [],
    confidence: 0.8,
    reviewDueAt,
    timestamp: at(),
  });

export const fraudDetected = (paymentId: string, severity: 'high' | 'critical' = 'high') =>
  message('FraudDetected', {
    fraudCaseId: id('case'),
    assessmentId: id('assessment'),
    ...fraudSubject(paymentId),
    fraudType: 'velocity',
    severity,
    riskScore: 85,
    evidence: [],
    actionsTaken: ['payment_held'],
    amount: total,
    reviewRequired: true,
    reviewDueAt: at(24 * 60),
    detectedAt: at(),
  });

export const decided = (paymentId: string, decision: 'APPROVED' | 'DECLINED') =>
  message('FraudDecisionOverridden', {
    ...fraudSubject(paymentId),
    decision,
    reviewer: 'kim',
    timestamp: at(60),
  });

export const cancel = (change: Partial<MessageData<'CancelOrder'>> = {}) =>
  message('CancelOrder', { orderId, reason: 'CUSTOMER_REQUEST', requestedBy: 'customer', ...change });

export const changeMethod = (when = at(2)) =>
  message('ChangePaymentMethod', { orderId, paymentMethod: otherMethod }, when);

/** News of a parcel, as Shipping tells it. */
export function parcel(shipmentId: string) {
  const tracked = { shipmentId, orderId, customerId, carrier: 'UPS', trackingNumber: `1Z-${shipmentId.slice(-4)}` };
  const items = [{ productId: mug, stockItemId: id('stock'), warehouseId: reno, quantity: 1 }];
  return {
    created: () =>
      message('ShipmentCreated', {
        ...tracked,
        address: pier,
        items,
        shippingMethod: 'standard',
        warehouseId: reno,
        estimatedDelivery: at(2880),
        shippingCost: usd(599),
        createdAt: at(3),
      }),
    byHand: () =>
      message('ManualFulfilmentRequired', { shipmentId, orderId, customerId, failureMessage: 'No carrier would.' }),
    dispatched: () => message('ShipmentDispatched', { ...tracked, warehouseId: reno, items, dispatchedAt: at(4) }),
    inTransit: () => message('ShipmentInTransit', { ...tracked, location: 'Reno hub', timestamp: at(5) }),
    undelivered: () =>
      message('DeliveryFailed', {
        ...tracked,
        failureReason: 'Nobody was there.',
        reasonCode: 'customer_unavailable',
        attempt: 1,
        retriable: true,
        timestamp: at(6),
      }),
    delivered: () => message('ShipmentDelivered', { ...tracked, deliveredAt: at(7) }),
  };
}

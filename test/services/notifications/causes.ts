import type { MessageData } from '../../../machines/index.js';
import { at, id, message } from '../../machines/given.js';

export const ann = id('ann');
export const orderId = id('order');
const money = (amount: number, currency = 'USD') => ({ amount, currency });
const address = { street: '1 Main St', city: 'Reno', postalCode: '89501', country: 'US' };
const item = {
  productId: id('mug'),
  sku: 'MUG',
  productName: 'Mug',
  quantity: 2,
  unitPrice: money(1299),
  totalPrice: money(2598),
};
const order = {
  orderId,
  orderNumber: 'FM-1001',
  customerId: ann,
  userId: ann,
  orderItems: [item],
  totalAmount: money(3097),
};
const payment = {
  paymentId: id('payment'),
  orderId,
  subscriptionId: null,
  invoiceId: null,
  customerId: ann,
  amount: money(3097),
};
const parcel = { shipmentId: id('parcel'), orderId, customerId: ann, carrier: 'UPS', trackingNumber: '1Z999' };

export const confirmed = (change: Partial<MessageData<'OrderConfirmed'>> = {}) =>
  message('OrderConfirmed', {
    ...order,
    orderStatus: 'confirmed',
    currency: 'USD',
    shippingAddress: address,
    shippingMethod: 'standard',
    confirmationTimestamp: at(),
    ...change,
  });

export const cancelled = (change: Partial<MessageData<'OrderCancelled'>> = {}) =>
  message('OrderCancelled', {
    ...order,
    orderStatus: 'cancelled',
    cancellationReason: 'CUSTOMER_REQUEST',
    refund: null,
    timestamp: at(),
    ...change,
  });

export const paid = (change: Partial<MessageData<'PaymentProcessed'>> = {}) =>
  message('PaymentProcessed', {
    ...payment,
    transactionId: id('transaction'),
    userId: ann,
    currency: 'USD',
    paymentMethod: 'card',
    status: 'confirmed',
    confirmationDetails: { gatewayResponse: 'succeeded', transactionId: 'pi_1' },
    timestamp: at(),
    ...change,
  });

export const unpaid = (change: Partial<MessageData<'PaymentFailed'>> = {}) =>
  message('PaymentFailed', {
    ...payment,
    failureReason: 'insufficient_funds',
    failureCode: 'insufficient_funds',
    failureMessage: 'Your card has insufficient funds.',
    attemptNumber: 1,
    maxAttempts: 3,
    canRetry: true,
    methodUsable: true,
    nextRetryAt: at(10),
    timestamp: at(),
    ...change,
  });

export const underReview = () =>
  message('FraudCheckCompleted', {
    paymentId: id('payment'),
    transactionId: id('transaction'),
    orderId,
    customerId: ann,
    riskScore: 60,
    decision: 'MANUAL_REVIEW',
    reasons: [],
    signals: [],
    confidence: 0.9,
    reviewDueAt: at(60 * 24),
    timestamp: at(),
  });

export const refunded = () =>
  message('RefundCompleted', {
    ...payment,
    refundId: id('refund'),
    refundedTotal: money(3097),
    fullyRefunded: true,
    timestamp: at(),
  });

export const refundRefused = () =>
  message('RefundFailed', {
    ...payment,
    refundId: id('refund'),
    failureMessage: 'The charge is disputed.',
    timestamp: at(),
  });

export const labelled = (change: Partial<MessageData<'ShipmentCreated'>> = {}) =>
  message('ShipmentCreated', {
    ...parcel,
    address,
    items: [],
    shippingMethod: 'standard',
    warehouseId: id('reno'),
    estimatedDelivery: at(60 * 48),
    shippingCost: money(499),
    createdAt: at(),
    ...change,
  });

export const dispatched = () =>
  message('ShipmentDispatched', { ...parcel, warehouseId: id('reno'), items: [], dispatchedAt: at() });

export const delivered = () => message('ShipmentDelivered', { ...parcel, deliveredAt: at() });

export const undelivered = (retriable = true) =>
  message('DeliveryFailed', {
    ...parcel,
    failureReason: 'Nobody was there.',
    reasonCode: 'customer_unavailable',
    attempt: 1,
    retriable,
    timestamp: at(),
  });

export const byHand = () =>
  message('ManualFulfilmentRequired', {
    shipmentId: id('parcel'),
    orderId,
    customerId: ann,
    failureMessage: 'No carrier answered.',
  });

export const soldOut = () =>
  message('OutOfStock', {
    productId: id('mug'),
    sku: 'MUG',
    productName: 'Mug',
    warehouseId: id('reno'),
    currentQuantity: 0,
    timestamp: at(),
  });

export const runningLow = () =>
  message('LowStockAlert', {
    productId: id('mug'),
    sku: 'MUG',
    stockItemId: id('mugs in reno'),
    warehouseId: id('reno'),
    available: 4,
    reorderPoint: 5,
    reorderQuantity: 50,
    timestamp: at(),
  });

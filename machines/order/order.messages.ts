import { z } from 'zod';
import { command, event } from '../shared/message.js';
import { address, currencyCode, instant, money, orderItem, paymentMethod, uuid } from '../shared/values.js';

export const cancellationReason = z.enum([
  'CUSTOMER_REQUEST',
  'PAYMENT_FAILED',
  'OUT_OF_STOCK',
  'FRAUD',
  'SHIPMENT_FAILED',
  'SYSTEM',
]);
export type CancellationReason = z.infer<typeof cancellationReason>;

const orderTotals = {
  subtotal: money,
  discount: money,
  tax: money,
  shipping: money,
  totalAmount: money,
};

/** What the fraud scorer may know of how the order was placed; ids and hashes, never card data. */
const checkoutContext = z.strictObject({
  ipAddress: z.string().optional(),
  deviceId: z.string().optional(),
  /** Orders this customer had delivered or paid before this one. */
  previousOrders: z.int().min(0),
  customerSince: instant.nullable(),
});

/** Messages that belong to the Orders service (domain.md 2.1). */
export const orderMessages = {
  PlaceOrder: command(
    '1.0.0',
    'Accept an order that has been validated and priced by the server.',
    z.strictObject({
      orderId: uuid,
      orderNumber: z.string(),
      customerId: uuid.nullable(),
      items: z.array(orderItem).min(1),
      ...orderTotals,
      shippingAddress: address,
      billingAddress: address,
      shippingMethod: z.enum(['standard', 'express']),
      paymentMethod,
      checkout: checkoutContext,
      subscriptionId: uuid.optional(),
    }),
  ),
  CancelOrder: command(
    '1.0.0',
    'Cancel an order that has not been dispatched (O-30).',
    z.strictObject({
      orderId: uuid,
      reason: cancellationReason,
      note: z.string().max(500).optional(),
      requestedBy: z.enum(['customer', 'support', 'system']),
    }),
  ),
  ChangePaymentMethod: command(
    '1.0.0',
    'Pay an order with another method (the PaymentMethodUpdated of O-15 and O-16).',
    z.strictObject({ orderId: uuid, paymentMethod }),
  ),
  OrderPlaced: event(
    '1.0.0',
    'A valid order was received.',
    z.strictObject({
      orderId: uuid,
      orderNumber: z.string(),
      customerId: uuid.nullable(),
      orderItems: z.array(orderItem),
      orderStatus: z.literal('pending'),
      totalAmount: money,
      orderDate: instant,
    }),
  ),
  OrderConfirmed: event(
    '1.0.0',
    'An order was accepted; its stock is reserved next (C-02).',
    z.strictObject({
      orderId: uuid,
      orderNumber: z.string(),
      customerId: uuid.nullable(),
      userId: uuid.nullable(),
      orderItems: z.array(orderItem),
      orderStatus: z.literal('confirmed'),
      totalAmount: money,
      currency: currencyCode,
      shippingAddress: address,
      shippingMethod: z.enum(['standard', 'express']),
      confirmationTimestamp: instant,
      subscriptionId: uuid.optional(),
    }),
    ['shippingAddress'],
  ),
  OrderCancelled: event(
    '1.0.0',
    'An order ended without delivery.',
    z.strictObject({
      orderId: uuid,
      orderNumber: z.string(),
      customerId: uuid.nullable(),
      userId: uuid.nullable(),
      orderItems: z.array(orderItem),
      orderStatus: z.literal('cancelled'),
      totalAmount: money,
      cancellationReason,
      cancellationNote: z.string().max(500).optional(),
      /** Present when money had been captured: what goes back, and the days to tell the customer. */
      refund: z
        .strictObject({ amount: money, method: z.literal('original_payment_method'), estimatedProcessingDays: z.int() })
        .nullable(),
      subscriptionId: uuid.optional(),
      timestamp: instant,
    }),
    ['cancellationNote'],
  ),
};

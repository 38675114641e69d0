import { z } from 'zod';
import { cancellationReason } from '../../machines/order/order.messages.js';
import { orderItem } from '../../machines/shared/values.js';
import {
  addressInput,
  addressSchema,
  currencySchema,
  instantSchema,
  moneySchema,
  reasonText,
  uuidSchema,
} from './schemas.js';

export const restStatus = z.enum(['pending', 'processing', 'completed', 'cancelled']);

/** A card number, whatever a client calls it, must not get in: it would be stored (invariant 10). */
const cardNumber = /^[\d -]{12,30}$/;

const methodInput = z
  .strictObject({
    type: z.enum(['card', 'bank_transfer', 'paypal', 'digital_wallet']),
    token: z
      .string()
      .min(1)
      .max(200)
      .refine((token) => !cardNumber.test(token), 'Wants the token of the payment provider, never a card number')
      .meta({ description: 'The payment provider’s token, such as `pm_card_visa`.' }),
  })
  .meta({ id: 'PaymentMethodInput' });

export const checkoutInput = z
  .strictObject({
    ipAddress: z.union([z.ipv4(), z.ipv6()]).optional(),
    deviceId: z.string().min(1).max(200).optional(),
  })
  .meta({ id: 'CheckoutInput', description: 'What a shop’s own server knows of the customer’s device.' });

export type CheckoutInput = z.output<typeof checkoutInput>;

/** One product that is wanted. */
export const itemInput = z
  .strictObject({
    productId: uuidSchema,
    quantity: z.int().min(1).max(1000),
    price: moneySchema.optional().meta({ description: 'What the customer saw; compared with our price, never used.' }),
  })
  .meta({ id: 'ItemInput' });

export const paymentInput = z.strictObject({ method: methodInput }).meta({ id: 'PaymentInput' });

/** The body of `POST /v1/orders`. */
export const placeOrderBody = z
  .strictObject({
    customerId: uuidSchema.nullish().meta({ description: 'Absent for a guest.' }),
    items: z.array(itemInput).min(1).max(100),
    currency: currencySchema.default('USD'),
    shippingAddress: addressInput,
    billingAddress: addressInput.optional().meta({ description: 'The shipping address when absent.' }),
    shippingMethod: z.enum(['standard', 'express']).default('standard'),
    payment: paymentInput,
    checkout: checkoutInput.optional(),
  })
  .meta({ id: 'PlaceOrder' });

export type PlaceOrderBody = z.output<typeof placeOrderBody>;

export const cancelOrderBody = z
  .strictObject({
    reason: cancellationReason.default('CUSTOMER_REQUEST'),
    note: reasonText.optional(),
  })
  .meta({ id: 'CancelOrder' });

export type CancelOrderBody = z.output<typeof cancelOrderBody>;

export const updateOrderBody = z.strictObject({ status: restStatus }).meta({ id: 'OrderUpdate' });

const itemSchema = orderItem.meta({ id: 'OrderItem' });

const paymentSummary = z
  .strictObject({
    id: uuidSchema,
    state: z.string(),
    status: z.string(),
    attempts: z.int(),
    failureReason: z.string().nullable(),
    nextRetryAt: instantSchema.nullable(),
    capturedAt: instantSchema.nullable(),
    refundedAmount: moneySchema,
  })
  .meta({ id: 'PaymentSummary' });

const shipmentSummary = z
  .strictObject({
    id: uuidSchema,
    state: z.string().meta({ description: 'What the order knows of the parcel.' }),
    warehouseId: uuidSchema,
    carrier: z.string().nullable(),
    trackingNumber: z.string().nullable(),
  })
  .meta({ id: 'ShipmentSummary' });

/** An order as clients see it. */
export const orderSchema = z
  .strictObject({
    id: uuidSchema,
    orderNumber: z.string(),
    customerId: uuidSchema.nullable(),
    subscriptionId: uuidSchema.nullable().meta({ description: 'The subscription whose delivery this is.' }),
    state: z.string().meta({ description: 'The canonical state, such as `confirmed.awaitingPayment`.' }),
    status: restStatus,
    items: z.array(itemSchema),
    currency: currencySchema,
    subtotal: moneySchema,
    discount: moneySchema,
    tax: moneySchema,
    shipping: moneySchema,
    totalAmount: moneySchema,
    shippingAddress: addressSchema,
    billingAddress: addressSchema,
    shippingMethod: z.enum(['standard', 'express']),
    paymentMethod: z.strictObject({ type: z.string() }),
    payment: paymentSummary.nullable().meta({ description: 'Null until the stock is held and the payment opened.' }),
    shipments: z.array(shipmentSummary),
    reviewDueAt: instantSchema.nullable().meta({ description: 'When a held order will have been decided.' }),
    cancellation: z
      .strictObject({ reason: cancellationReason, note: z.string().nullable(), at: instantSchema })
      .nullable(),
    createdAt: instantSchema,
    updatedAt: instantSchema,
    version: z.int(),
  })
  .meta({ id: 'Order' });

/** What GetPaymentStatus answers (domain.md 2.6). */
export const paymentStatusSchema = z
  .strictObject({
    orderId: uuidSchema,
    paymentStatus: z.enum(['pending', 'completed', 'failed', 'refunded']),
    amount: z.int().meta({ description: 'Minor units.' }),
    currency: currencySchema,
    paymentMethod: z.string(),
    transactionId: z.string().nullable(),
    paymentDate: instantSchema.nullable(),
    lastUpdated: instantSchema,
    asOf: instantSchema.meta({ description: 'When this was read.' }),
  })
  .meta({ id: 'OrderPaymentStatus' });

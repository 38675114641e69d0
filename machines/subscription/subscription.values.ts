import { z } from 'zod';
import { taxRegion } from '../invoice/invoice.messages.js';
import { billingCycles } from '../shared/calendar.js';
import { address, currencyCode, instant, money, uuid } from '../shared/values.js';

const cadence = {
  billingCycle: z.enum(billingCycles),
  intervalCount: z.int().min(1).max(52),
};

/** What a plan lets its subscriber use in one period. */
export const allowance = z.strictObject({
  /** What is counted, as people call it. */
  unit: z.string().trim().min(1).max(50),
  allowance: z.int().min(1).max(1_000_000_000_000),
});
export type Allowance = z.infer<typeof allowance>;

/** A plan as it was when the customer took it: later changes of the plan do not reach them. */
export const plan = z.strictObject({
  planId: uuid,
  name: z.string().min(1).max(100),
  /** Before tax, for one period. */
  price: money.refine(({ amount }) => amount > 0, 'a plan costs something (R-28)'),
  ...cadence,
  taxRegion,
  /** Absent where nothing is counted. */
  usage: allowance.optional(),
});
export type Plan = z.infer<typeof plan>;

/** One product of a recurring delivery, and the unit price that the customer last agreed to. */
export const deliveryItem = z.strictObject({
  productId: uuid,
  quantity: z.int().min(1).max(100_000),
  agreedUnitPrice: money,
});
export type DeliveryItem = z.infer<typeof deliveryItem>;

/** Products that come again and again, at a percentage off the price of the day. */
export const delivery = z
  .strictObject({
    items: z.array(deliveryItem).min(1).max(100),
    percentOff: z.int().min(0).max(90),
    currency: currencyCode,
    ...cadence,
    billingCycle: z.enum(['weekly', 'monthly']),
    shippingAddress: address,
    shippingMethod: z.enum(['standard', 'express']),
  })
  .refine(
    ({ items, currency }) => items.every(({ agreedUnitPrice }) => agreedUnitPrice.currency === currency),
    'a delivery has one currency',
  );
export type Delivery = z.infer<typeof delivery>;

/** What a subscription is about: a plan that is billed, or products that are ordered. */
export const terms = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('plan'), plan }),
  z.strictObject({ kind: z.literal('delivery'), delivery }),
]);
export type Terms = z.infer<typeof terms>;

/** A percentage off the next invoices or deliveries; null: off all of them. */
export const discount = z.strictObject({
  code: z.string().min(1).max(50).nullable(),
  percent: z.int().min(1).max(100),
  timesLeft: z.int().min(1).nullable(),
});
export type Discount = z.infer<typeof discount>;

/** What the fraud scorer may know of how the customer subscribed; ids and hashes, never card data. */
export const checkoutContext = z.strictObject({
  ipAddress: z.string().optional(),
  deviceId: z.string().optional(),
  previousOrders: z.int().min(0),
  customerSince: instant.nullable(),
});
export type CheckoutContext = z.infer<typeof checkoutContext>;

export const cancelReason = z.enum([
  'no_longer_needed',
  'too_expensive',
  'not_used',
  'technical_problems',
  'found_alternative',
  'payment_failure',
  'other',
]);
export type CancelReason = z.infer<typeof cancelReason>;

export const requester = z.enum(['customer', 'support', 'system', 'policy']);
export type Requester = z.infer<typeof requester>;

/** What a customer who wants to leave may take instead. */
export const offer = z.strictObject({
  discount: z.strictObject({ percent: z.int().min(1).max(25), times: z.int().min(1) }),
  /** Null where there is nothing to pause: no paid period is running. */
  pauseDays: z.int().min(1).nullable(),
  support: z.literal(true),
});
export type Offer = z.infer<typeof offer>;

export const offerChoice = z.enum(['discount', 'pause', 'support']);
export type OfferChoice = z.infer<typeof offerChoice>;

/** Today's price and stock of a product, as the catalogue has them. */
export const quote = z.strictObject({
  productId: uuid,
  sku: z.string(),
  productName: z.string(),
  unitPrice: money,
  /** Units that can be reserved now, over all warehouses. */
  available: z.int().min(0),
});
export type Quote = z.infer<typeof quote>;

/** A product that does not come with this delivery, and why. */
export const leftOut = z.strictObject({
  productId: uuid,
  reason: z.enum(['unavailable', 'priceRise']),
  /** The price that wants the customer's consent; null when there is none. */
  unitPrice: money.nullable(),
});
export type LeftOut = z.infer<typeof leftOut>;

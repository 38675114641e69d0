import { z } from 'zod';

export const uuid = z.uuid();
export const instant = z.iso.datetime();
export const currencyCode = z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code such as USD');
export const countryCode = z.string().regex(/^[A-Z]{2}$/, 'an ISO 3166-1 alpha-2 code such as GB');

/** An amount in integer minor units of an ISO 4217 currency. */
export const money = z.strictObject({ amount: z.int(), currency: currencyCode });
export type Money = z.infer<typeof money>;

/** A postal address as FlowMart stores it (C-39). */
export const address = z.strictObject({
  street: z.string().min(1).max(200),
  city: z.string().min(1).max(100),
  state: z.string().min(1).max(100).optional(),
  postalCode: z.string().min(1).max(20),
  country: countryCode,
});
export type Address = z.infer<typeof address>;

/** How a customer pays: a kind and the provider's token for it; never a card number (invariant 10). */
export const paymentMethod = z.strictObject({
  type: z.enum(['card', 'bank_transfer', 'paypal', 'digital_wallet']),
  token: z.string().min(1).max(200),
});
export type PaymentMethod = z.infer<typeof paymentMethod>;

/** One product of an order, priced by the server at the time of the order. */
export const orderItem = z.strictObject({
  productId: uuid,
  sku: z.string(),
  productName: z.string(),
  quantity: z.int().min(1),
  unitPrice: money,
  totalPrice: money,
});
export type OrderItem = z.infer<typeof orderItem>;

/** A quantity of one product held in, or taken from, one warehouse. */
export const allocation = z.strictObject({
  productId: uuid,
  stockItemId: uuid,
  warehouseId: uuid,
  quantity: z.int().min(1),
});
export type Allocation = z.infer<typeof allocation>;

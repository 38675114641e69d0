import { seededProducts } from '../../../scripts/seed/catalogue.js';

const idOf = (sku: string): string => {
  const product = seededProducts.find((one) => one.sku === sku);
  if (!product) throw new Error(`the seed has no ${sku}`);
  return product.id;
};

export const mug = idOf('MUG-STONE-35');
export const camera = idOf('CAM-FULL-24');
/** Has its stock in Rotterdam only, 120 units. */
export const plant = idOf('PLT-MONST-17');
/** Unit price of the mug in USD, minor units. */
export const mugPrice = 1499;

export const sanFrancisco = {
  street: '1 Market St',
  city: 'San Francisco',
  state: 'CA',
  postalCode: '94105',
  country: 'US',
};

export const payingWith = (token: string) => ({ payment: { method: { type: 'card', token } } });

/** The body of an order that a guest pays with a good card. */
export const orderBody = (change: object = {}) => ({
  items: [{ productId: mug, quantity: 2 }],
  currency: 'USD',
  shippingAddress: sanFrancisco,
  ...payingWith('pm_card_visa'),
  ...change,
});

import { seededProducts } from '../../scripts/seed/catalogue.js';

/** The product that a test buys, by its SKU in the seeded catalogue. */
export function product(sku: string): (typeof seededProducts)[number] {
  const found = seededProducts.find((one) => one.sku === sku);
  if (!found) throw new Error(`nothing is seeded as ${sku}`);
  return found;
}

/** Served from Louisville, the nearest to the middle of the country; no sales tax. The words are found again should they leak. */
export const portland = {
  street: '42 Marzipan Mews',
  city: 'Portland',
  state: 'OR',
  postalCode: '97209',
  country: 'US',
} as const;
export const person = { firstName: 'Zenobia', lastName: 'Quillfeather' } as const;
/** Whatever of a person, their device or their card must not be found outside the database. */
export const personal = /marzipan|zenobia|quillfeather|pm_card|\+1503555|device-of-|203\.0\.113|198\.51\.100/i;

export const card = (name: string) => ({ method: { type: 'card' as const, token: `pm_card_${name}` } });

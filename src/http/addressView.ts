import type { Address } from '../../machines/shared/values.js';

/** An address with its fields in the order in which people write them; stored JSON has an order of its own. */
export const viewAddress = ({ street, city, state, postalCode, country }: Address): Address => ({
  street,
  city,
  ...(state === undefined ? {} : { state }),
  postalCode,
  country,
});

import type { Customer } from '../services/customers/queries.js';

/** Whom a document is addressed to. */
export interface Addressee {
  readonly name: string;
  /** The lines below the name. */
  readonly lines: readonly string[];
}

const countries = new Intl.DisplayNames('en', { type: 'region' });

/** The customer as a document is addressed to them. */
export function addresseeOf({ firstName, lastName, email, address }: Customer): Addressee {
  const place = address && [address.city, [address.state, address.postalCode].filter(Boolean).join(' ')].join(', ');
  return {
    name: `${firstName} ${lastName}`,
    lines: [
      ...(address && place ? [address.street, place, countries.of(address.country) ?? address.country] : []),
      email,
    ],
  };
}

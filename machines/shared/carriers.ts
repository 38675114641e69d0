import { days, later } from './instants.js';
import type { Address, Allocation, Money } from './values.js';

export type ShippingMethod = 'standard' | 'express';

interface Leg {
  /** Days in transit. */
  readonly standard: number;
  readonly express: number;
  /** Minor units of USD per parcel, and per unit in it; express costs double. */
  readonly base: number;
  readonly perUnit: number;
}

interface Tariff {
  /** Countries that the carrier delivers to itself. */
  readonly home: readonly string[];
  readonly inside: Leg;
  readonly abroad: Leg;
  /** Units that fit into one parcel. */
  readonly maxUnits: number;
}

const europe = ['AT', 'BE', 'CZ', 'DE', 'DK', 'ES', 'FI', 'FR', 'IE', 'IT', 'LU', 'NL', 'PL', 'PT', 'SE'];

/** The carriers of R-75, and what a parcel takes and costs with each. */
const tariffs = {
  USPS: {
    home: ['US'],
    inside: { standard: 2, express: 2, base: 450, perUnit: 50 },
    abroad: { standard: 8, express: 5, base: 1900, perUnit: 200 },
    maxUnits: 20,
  },
  UPS: {
    home: ['US', 'CA', 'MX'],
    inside: { standard: 2, express: 1, base: 700, perUnit: 40 },
    abroad: { standard: 5, express: 3, base: 2400, perUnit: 150 },
    maxUnits: 100,
  },
  FedEx: {
    home: ['US', 'CA'],
    inside: { standard: 1, express: 1, base: 900, perUnit: 45 },
    abroad: { standard: 3, express: 2, base: 2600, perUnit: 160 },
    maxUnits: 150,
  },
  DHL: {
    home: europe,
    inside: { standard: 2, express: 1, base: 650, perUnit: 45 },
    abroad: { standard: 3, express: 2, base: 2500, perUnit: 150 },
    maxUnits: 100,
  },
  'Royal Mail': {
    home: ['GB'],
    inside: { standard: 2, express: 1, base: 500, perUnit: 50 },
    abroad: { standard: 6, express: 4, base: 1800, perUnit: 180 },
    maxUnits: 30,
  },
} as const satisfies Record<string, Tariff>;

export type CarrierName = keyof typeof tariffs;
export const carrierNames = Object.keys(tariffs) as CarrierName[];

export interface Parcel {
  readonly address: Address;
  readonly items: readonly Allocation[];
  readonly shippingMethod: ShippingMethod;
}

export interface Quote {
  readonly cost: Money;
  /** Days from booking to delivery. */
  readonly transitDays: number;
  readonly fits: boolean;
}

/** What a carrier takes and costs for a parcel. */
export function quote(carrier: CarrierName, { address, items, shippingMethod }: Parcel): Quote {
  const tariff: Tariff = tariffs[carrier];
  const leg = tariff.home.includes(address.country) ? tariff.inside : tariff.abroad;
  const units = items.reduce((sum, { quantity }) => sum + quantity, 0);
  const amount = (leg.base + leg.perUnit * units) * (shippingMethod === 'express' ? 2 : 1);
  return { cost: { amount, currency: 'USD' }, transitDays: leg[shippingMethod], fits: units <= tariff.maxUnits };
}

/** When a parcel booked now arrives with a carrier (UTC ISO 8601). */
export const estimatedDelivery = (bookedAt: string, { transitDays }: Quote): string =>
  later(bookedAt, days(transitDays));

import { deriveId } from '../../machines/shared/ids.js';
import { seededProducts } from '../seed/catalogue.js';
import type { Rhythm } from './handCalendar.js';

const base = '01900000-0000-7000-8000-000000000000';

/** An id that follows from what it is for. */
export const idFor = (text: string): string => deriveId(base, `simulation ${text}`);

/** A plan on offer; the price in minor units, the tax as the tax office of the region would say it (1/10,000). */
export interface MenuPlan extends Rhythm {
  readonly name: string;
  readonly planId: string;
  readonly price: { readonly amount: number; readonly currency: string };
  readonly taxRegion: string;
  readonly taxBasisPoints: number;
}

const regions = [
  { currency: 'USD', taxRegion: 'US-NY', taxBasisPoints: 890 },
  { currency: 'EUR', taxRegion: 'FI', taxBasisPoints: 2_550 },
  { currency: 'GBP', taxRegion: 'GB', taxBasisPoints: 2_000 },
  { currency: 'USD', taxRegion: 'US-OR', taxBasisPoints: 0 },
] as const;

const prices: readonly (Rhythm & { readonly name: string; readonly amount: number })[] = [
  { name: 'Daily Brew', billingCycle: 'daily', intervalCount: 1, amount: 149 },
  { name: 'Daily Feast', billingCycle: 'daily', intervalCount: 1, amount: 233 },
  { name: 'Weekly Basics', billingCycle: 'weekly', intervalCount: 1, amount: 701 },
  { name: 'Fortnight', billingCycle: 'weekly', intervalCount: 2, amount: 1_799 },
  { name: 'Monthly Basics', billingCycle: 'monthly', intervalCount: 1, amount: 2_999 },
  { name: 'Monthly Plus', billingCycle: 'monthly', intervalCount: 1, amount: 5_003 },
  { name: 'Every Other Month', billingCycle: 'monthly', intervalCount: 2, amount: 4_999 },
  { name: 'Quarterly', billingCycle: 'quarterly', intervalCount: 1, amount: 8_887 },
  { name: 'Half Year', billingCycle: 'quarterly', intervalCount: 2, amount: 15_013 },
  { name: 'Annual', billingCycle: 'annual', intervalCount: 1, amount: 29_989 },
  { name: 'Annual Plus', billingCycle: 'annual', intervalCount: 1, amount: 44_999 },
];

/** Every plan in every region. */
export const menu: readonly MenuPlan[] = regions.flatMap(({ currency, taxRegion, taxBasisPoints }) =>
  prices.map(({ amount, ...plan }) => ({
    ...plan,
    name: `${plan.name} ${taxRegion}`,
    planId: idFor(`plan ${plan.name} ${taxRegion}`),
    price: { amount, currency },
    taxRegion,
    taxBasisPoints,
  })),
);

/** Products that come again and again, and where they go; the price list of shipping is that of the shop. */
export interface MenuDelivery extends Rhythm {
  readonly billingCycle: 'weekly' | 'monthly';
  readonly items: readonly { readonly productId: string; readonly quantity: number; readonly amount: number }[];
  readonly percentOff: number;
  readonly state: string;
  readonly taxBasisPoints: number;
}

const states = [
  { state: 'OR', taxBasisPoints: 0 },
  { state: 'CA', taxBasisPoints: 820 },
  { state: 'NY', taxBasisPoints: 890 },
] as const;

const rhythms = [
  { billingCycle: 'weekly', intervalCount: 2 },
  { billingCycle: 'weekly', intervalCount: 4 },
  { billingCycle: 'monthly', intervalCount: 1 },
  { billingCycle: 'monthly', intervalCount: 3 },
] as const;

/** A delivery, drawn by one chance after the other. */
export function drawDelivery(random: () => number): MenuDelivery {
  const draw = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const first = Math.floor(random() * 3);
  const items = seededProducts.slice(first, first + 1 + Math.floor(random() * 2)).map(({ id, prices: { USD } }) => ({
    productId: id,
    quantity: 1 + Math.floor(random() * 2),
    amount: USD,
  }));
  return { ...draw(rhythms), ...draw(states), items, percentOff: draw([0, 5, 10, 15]) };
}

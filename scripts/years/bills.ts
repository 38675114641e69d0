import { offOf, pageOf, type Rhythm, restOf, shareOf } from './handCalendar.js';
import type { MenuDelivery, MenuPlan } from './menu.js';

export interface Discount {
  readonly percent: number;
  readonly timesLeft: number;
}

/** Paid time that is still running, and what was paid for it before tax. */
export interface Coverage {
  readonly start: number;
  readonly end: number;
  readonly amount: number;
}

export type Line = readonly [kind: string, amount: number];

export const sum = (lines: readonly Line[]): number => lines.reduce((all, [, amount]) => all + amount, 0);

const off = (amount: number, discount: Discount | null): Line[] =>
  discount && amount > 0 ? [['discount', 0 - offOf(amount, discount.percent)]] : [];

/** What no bank takes any trouble over. */
const tooLittle: Readonly<Record<string, number>> = { USD: 49, EUR: 49, GBP: 29 };

/** Whether a bank would not take what an amount before tax comes to. */
function isTrifle(amount: number, { price: { currency }, taxBasisPoints }: MenuPlan): boolean {
  const total = amount + shareOf(amount, taxBasisPoints);
  return total > 0 && total <= (tooLittle[currency] ?? 0);
}

/** Trifles are not worth a payment. */
const waived = (lines: readonly Line[], plan: MenuPlan): Line[] =>
  isTrifle(sum(lines), plan) ? [['waived', 0 - sum(lines)]] : [];

/** The lines of one whole period: of the credit, one unit less after the other until no trifle is left. */
export function periodLines(plan: MenuPlan, discount: Discount | null, credit: number): readonly Line[] {
  const priced: Line[] = [['plan', plan.price.amount], ...off(plan.price.amount, discount)];
  let used = Math.min(credit, sum(priced));
  while (used > 0 && isTrifle(sum(priced) - used, plan)) used -= 1;
  const lines: Line[] = used > 0 ? [...priced, ['creditUsed', 0 - used]] : priced;
  return [...lines, ...waived(lines, plan)];
}

/** The lines of a move to a dearer plan at an instant; `isSameRhythm` keeps the billing dates. */
export function changeLines(options: {
  readonly at: number;
  readonly coverage: Coverage;
  readonly to: MenuPlan;
  readonly discount: Discount | null;
  /** The whole period that the rest is a part of; null when a new one begins now. */
  readonly within: { readonly start: number; readonly end: number } | null;
}): { readonly lines: readonly Line[]; readonly kept: number } {
  const { at, coverage, to, discount, within } = options;
  const unused = restOf(coverage.amount, coverage.start, coverage.end, at);
  const charge = within ? restOf(to.price.amount, within.start, within.end, at) : to.price.amount;
  const lines: Line[] = [
    ...(unused > 0 ? [['unusedTime', 0 - unused] as const] : []),
    [within ? 'remainingTime' : 'plan', charge],
    ...off(charge, discount),
  ];
  const kept = Math.max(0, 0 - sum(lines));
  return { lines: kept > 0 ? [...lines, ['creditKept', kept]] : [...lines, ...waived(lines, to)], kept };
}

export const isSameRhythm = (a: Rhythm, b: Rhythm): boolean =>
  a.billingCycle === b.billingCycle && a.intervalCount === b.intervalCount;

const perYear = { daily: 365.25, weekly: 365.25 / 7, monthly: 12, quarterly: 4, annual: 1 } as const;
const yearly = ({ price, billingCycle, intervalCount }: MenuPlan): number =>
  (price.amount * perYear[billingCycle]) / intervalCount;

export const isDearer = (to: MenuPlan, from: MenuPlan): boolean => yearly(to) > yearly(from);

/** What a delivery orders, minor units of dollars. */
export function orderOf({ items, percentOff, taxBasisPoints }: MenuDelivery, discount: Discount | null) {
  const subtotal = items.reduce((all, { quantity, amount }) => all + quantity * amount, 0);
  const standing = offOf(subtotal, percentOff);
  const extra = discount ? offOf(subtotal - standing, discount.percent) : 0;
  const goods = subtotal - standing - extra;
  return {
    subtotal,
    discount: standing + extra,
    tax: shareOf(goods, taxBasisPoints),
    shipping: goods >= 5_000 ? 0 : 499,
  };
}

export const periodAt = (anchor: number, rhythm: Rhythm, index: number) => ({
  start: pageOf(anchor, rhythm, index),
  end: pageOf(anchor, rhythm, index + 1),
});

import { type Period, periodOf } from '../shared/calendar.js';
import { deriveId } from '../shared/ids.js';
import { later } from '../shared/instants.js';
import {
  type Bill,
  cadenceOf,
  currencyOf,
  type Occasion,
  type Pause,
  type PlanChange,
  planOf,
  type SubscriptionContext,
} from './subscription.context.js';
import { discountLines, line, periodLines, sum, waiveTrifle } from './subscription.lines.js';
import { sameCadence, splitAt } from './subscription.rules.js';
import type { Discount, Plan, Terms } from './subscription.values.js';

type Change = Partial<SubscriptionContext>;

interface Rhythm {
  readonly terms: Terms;
  readonly anchor: string;
  readonly index: number;
  /** Where the period begins, when that is not its anniversary: after a moved delivery. */
  readonly start?: string;
}

/** What one period costs, and which it is; the invoice’s id follows from the message that asks for it. */
function billFor(
  context: SubscriptionContext,
  { terms, anchor, index, start }: Rhythm,
  messageId: string,
  wanted: Occasion | null,
): Bill {
  const regular = periodOf(anchor, cadenceOf(terms), index);
  const period = start ? { start, end: regular.end } : regular;
  const lines = terms.kind === 'plan' ? periodLines(context, terms.plan) : [];
  const creditUsed = lines.find(({ kind }) => kind === 'creditUsed')?.total.amount ?? 0;
  return {
    invoiceId: terms.kind === 'plan' ? deriveId(messageId, `invoice ${period.start}`) : null,
    period,
    anchor,
    index,
    terms,
    lines,
    net: sum(lines) - creditUsed,
    creditUsed: 0 - creditUsed,
    usesDiscount: context.discount !== null,
    total: null,
    wanted,
    attempt: null,
  };
}

/** The bill of the period after the running one, on the terms that hold then. */
export function nextBill(context: SubscriptionContext, messageId: string, wanted: Occasion | null): Bill {
  const { period, pendingPlan, terms, anchor, nextIndex } = context;
  const start = period?.end ?? anchor;
  const current = planOf(context);
  const changesRhythm = pendingPlan !== null && current !== null && !sameCadence(pendingPlan, current);
  const rhythm: Rhythm = {
    terms: pendingPlan ? { kind: 'plan', plan: pendingPlan } : terms,
    anchor: changesRhythm ? start : anchor,
    index: changesRhythm ? 0 : nextIndex,
    start,
  };
  return billFor(context, rhythm, messageId, wanted);
}

/** The bill of a first period that begins now: of a new subscription (S-01, S-28), or of a suspended one that comes back (S-15). */
export const firstBill = (context: SubscriptionContext, { id, at }: { id: string; at: string }): Bill =>
  billFor(context, { terms: context.terms, anchor: at, index: 0 }, id, 'request');

const used = (discount: Discount | null, isUsed: boolean): Discount | null => {
  if (discount === null || !isUsed || discount.timesLeft === null) return discount;
  return discount.timesLeft > 1 ? { ...discount, timesLeft: discount.timesLeft - 1 } : null;
};

/** The subscription once its bill is settled: the period is extended, the debt is gone (S-03, S-08, S-11, S-15). */
export function settled(context: SubscriptionContext, bill: Bill, at: string): Change {
  return {
    terms: bill.terms,
    period: bill.period,
    onTrial: false,
    anchor: bill.anchor,
    nextIndex: bill.index + 1,
    coverage: bill.terms.kind === 'plan' ? { ...bill.period, amount: bill.net } : null,
    credit: context.credit - bill.creditUsed,
    discount: used(context.discount, bill.usesDiscount),
    startedAt: context.startedAt ?? bill.period.start,
    lastPaymentAt: at,
    bill: null,
    pendingPlan: null,
    reminded: false,
    dunning: null,
    suspendedAt: null,
    billingInconsistent: false,
  };
}

/** What a move to a dearer plan would charge now, and what the subscription would be then (S-30). */
export type Proration = Omit<PlanChange, 'invoiceId' | 'total' | 'attempt'>;

/**
 * Computes the lines of a change to another plan at an instant, before tax: what is left of the paid time comes back by the
 * second, and the new plan is charged for the same time, or for a whole period from now when its rhythm is another. What the
 * lines give back beyond their charges is kept for later invoices, so that an invoice never asks for less than nothing; what
 * is too little to charge is waived. The new time counts as paid as far as it is: nothing that was waived ever comes back.
 */
export function prorate(context: SubscriptionContext, period: Period, plan: Plan, at: string): Proration {
  const { coverage, discount, anchor, nextIndex } = context;
  const current = planOf(context);
  const { currency } = plan.price;
  const keepsRhythm = current !== null && sameCadence(current, plan);
  const unused = coverage ? splitAt(coverage.amount, coverage, at).unused : 0;
  const charge = keepsRhythm
    ? splitAt(plan.price.amount, periodOf(anchor, current, nextIndex - 1), at).unused
    : plan.price.amount;
  const asked = [
    ...(unused > 0 ? [line('unusedTime', `Unused time on ${current?.name}`, 0 - unused, currency)] : []),
    keepsRhythm
      ? line('remainingTime', `Remaining time on ${plan.name}`, charge, currency)
      : line('plan', plan.name, charge, currency),
    ...discountLines(charge, discount, currency),
  ];
  const lines = waiveTrifle(asked, plan);
  const creditKept = Math.max(0, 0 - sum(lines));
  const newPeriod = keepsRhythm ? period : periodOf(at, plan, 0);
  return {
    plan,
    lines: creditKept > 0 ? [...lines, line('creditKept', 'Kept for your next invoices', creditKept, currency)] : lines,
    at,
    period: newPeriod,
    anchor: keepsRhythm ? anchor : at,
    nextIndex: keepsRhythm ? nextIndex : 1,
    coverage: { start: at, end: newPeriod.end, amount: unused + sum(lines) },
    creditKept,
    usesDiscount: !keepsRhythm && discount !== null,
  };
}

/** The subscription once the proration is paid: on its new plan; the next period is billed anew (S-30). */
export const migrated = (context: SubscriptionContext, change: PlanChange): Change => ({
  terms: { kind: 'plan', plan: change.plan },
  period: change.period,
  anchor: change.anchor,
  nextIndex: change.nextIndex,
  coverage: change.coverage,
  credit: context.credit + change.creditKept,
  discount: used(context.discount, change.usesDiscount),
  reminded: change.period.end === context.period?.end && context.reminded,
  bill: null,
  change: null,
  pendingPlan: null,
});

/** The paid time that a pause keeps (S-26). */
export function paused({ period, coverage }: SubscriptionContext, at: string, until: string): Pause | null {
  if (period === null) return null;
  return {
    since: at,
    until,
    remainingMs: Date.parse(period.end) - Date.parse(at),
    remainingAmount: coverage ? splitAt(coverage.amount, coverage, at).unused : 0,
  };
}

/** The subscription after a pause: the time that was left runs on, and the next billing date is its end (S-26). */
export function resumed({ pause, coverage }: SubscriptionContext, at: string): Change {
  const end = later(at, pause?.remainingMs ?? 0);
  return {
    period: { start: at, end },
    anchor: end,
    nextIndex: 0,
    coverage: coverage && { start: at, end, amount: pause?.remainingAmount ?? 0 },
    pause: null,
    reminded: false,
  };
}

/** Money of the subscription’s currency. */
export const inCurrency = ({ terms }: SubscriptionContext, amount: number) => ({ amount, currency: currencyOf(terms) });

import { allocate, percentOf } from '../shared/allocate.js';
import { anniversary, type BillingCycle, calendarDays, earlier, hasCome, type Period } from '../shared/calendar.js';
import { days, hours, later } from '../shared/instants.js';
import type { OrderItem } from '../shared/values.js';
import { type Cancellation, cadenceOf, type Dunning, type SubscriptionContext } from './subscription.context.js';
import type { CancelReason, Delivery, DeliveryItem, LeftOut, Offer, Plan, Quote } from './subscription.values.js';

/** How long before a period its invoice is issued (ms, R-54). */
export const INVOICE_LEAD_MS = days(7);
/** How long before a date the customer is reminded of it (ms, R-55). */
export const REMINDER_LEAD_MS = days(3);
/** When an unpaid invoice is charged again, from the first failure on (ms, R-51, C-19). */
export const RETRY_OFFSETS_MS: readonly number[] = [days(1), days(3), days(7)];
/** How long access stays limited before it is restricted (ms, R-53). */
export const GRACE_MS = days(7);
/** How long a suspended subscription can be revived (ms, S-14). */
export const RETENTION_MS = days(30);
/** How long a retention offer stands (ms, R-58). */
export const OFFER_MS = days(7);
/** How long a customer may decide to come back (ms, R-61). */
export const DECISION_MS = days(7);
/** The longest pause, and the length of one without an end (ms): nobody is forgotten in a pause. */
export const MAX_PAUSE_MS = days(90);
/** How long the provider may take to confirm a cancellation before a person looks (ms, S-22). */
export const CONFIRMATION_MS = hours(24);
/** How old a preview may be whose proration is still good (ms). */
export const PREVIEW_MS = hours(1);
/** How long a charge that is under way keeps a timer waiting before it looks again (ms). */
export const WATCH_MS = hours(24);

/** What a recurring delivery saves on the price of the day (percent). */
export const DELIVERY_PERCENT_OFF = 10;
/** How much a delivery’s unit price may rise above what the customer agreed to before it needs their consent (percent). */
export const PRICE_RISE_PERCENT = 10;

const MAX_DISCOUNT_PERCENT = 25;
const priceReasons: readonly CancelReason[] = ['too_expensive', 'found_alternative'];

/** What is offered to a customer who wants to leave: the most to those who go for the price; a pause where paid time is running. */
export const offerFor = (reason: CancelReason, from: Cancellation['from']): Offer => ({
  discount: { percent: priceReasons.includes(reason) ? MAX_DISCOUNT_PERCENT : 15, times: 3 },
  pauseDays: from === 'current' ? 30 : null,
  support: true,
});

/** When an offer ends: after seven days, or with the paid period if that is sooner, since nobody who asked to leave is billed again. */
export function offerEnd({ period }: SubscriptionContext, at: string): string {
  const windowEnd = later(at, OFFER_MS);
  return period && !hasCome(period.end, at) ? earlier(windowEnd, period.end) : windowEnd;
}

const periodsPerYear: Readonly<Record<BillingCycle, number>> = {
  daily: 365.25,
  weekly: 365.25 / 7,
  monthly: 12,
  quarterly: 4,
  annual: 1,
};

const yearly = ({ price, billingCycle, intervalCount }: Plan): number =>
  (price.amount * periodsPerYear[billingCycle]) / intervalCount;

/** Whether a plan costs more per year than another: then it begins now, else with the next period (S-30). */
export const isUpgrade = (from: Plan, to: Plan): boolean => yearly(to) > yearly(from);

/** Whether two plans have the same rhythm, so that a change keeps the billing dates. */
export const sameCadence = (a: Plan, b: Plan): boolean =>
  a.billingCycle === b.billingCycle && a.intervalCount === b.intervalCount;

/** How many scheduled retries an instant has left behind: after a standstill several count as one. */
export const retriesPassed = ({ firstFailureAt }: Dunning, at: string): number =>
  RETRY_OFFSETS_MS.filter((offset) => hasCome(later(firstFailureAt, offset), at)).length;

/** When the next scheduled retry is due; null when all are done. */
export function nextRetryAt({ firstFailureAt, retriesDone }: Dunning): string | null {
  const offset = RETRY_OFFSETS_MS[retriesDone];
  return offset === undefined ? null : later(firstFailureAt, offset);
}

/** A debt whose clock stood still between two instants: an open offer stops dunning. */
export function shifted(dunning: Dunning, from: string, to: string): Dunning {
  const ms = Date.parse(to) - Date.parse(from);
  return {
    ...dunning,
    firstFailureAt: later(dunning.firstFailureAt, ms),
    graceUntil: dunning.graceUntil && later(dunning.graceUntil, ms),
  };
}

/** When the invoice of the next period is issued; null when the next period has none. */
export const invoiceDueAt = ({ period, terms, autoRenew, bill }: SubscriptionContext): string | null =>
  period && terms.kind === 'plan' && autoRenew && bill === null ? later(period.end, -INVOICE_LEAD_MS) : null;

/** When the customer is reminded; null when they were, and in periods too short for it. */
export function reminderDueAt({ period, reminded }: SubscriptionContext): string | null {
  if (period === null || reminded) return null;
  const at = later(period.end, -REMINDER_LEAD_MS);
  return Date.parse(at) > Date.parse(period.start) ? at : null;
}

/** How long until a running subscription has something to do (ms): its invoice, its reminder, or the end of its period. */
export function untilNextDuty(context: SubscriptionContext, at: string): number {
  const dates = [invoiceDueAt(context), reminderDueAt(context), context.period?.end ?? null];
  const ahead = dates.flatMap((date) => (date && !hasCome(date, at) ? [Date.parse(date) - Date.parse(at)] : []));
  return ahead.length > 0 ? Math.min(...ahead) : WATCH_MS;
}

/** The days a subscription has lasted by a date, by the calendar (C-54). */
export const durationDays = ({ startedAt }: SubscriptionContext, end: string): number =>
  startedAt ? Math.max(0, calendarDays(startedAt, end)) : 0;

/** When the delivery after the next one is due. */
export const deliveryAfterNext = ({ terms, anchor, nextIndex }: SubscriptionContext): string =>
  anniversary(anchor, cadenceOf(terms), nextIndex + 1);

/** Whether a delivery may move to a day: one that is still to come, before the delivery after it. */
export const isMovable = (context: SubscriptionContext, to: string, at: string): boolean =>
  !hasCome(to, at) && !hasCome(deliveryAfterNext(context), to);

/** What a due delivery orders, and what it leaves out. */
export interface Composed {
  readonly items: readonly OrderItem[];
  readonly leftOut: readonly LeftOut[];
  /** Minor units. */
  readonly subtotal: number;
  readonly discount: number;
}

/**
 * Decides what a due delivery orders. Its policy: the price is that of the day; a product that is not sold any more or
 * cannot be sent in the full quantity is left out of this delivery; so is one whose unit price has risen by more than
 * `PRICE_RISE_PERCENT` above what the customer last agreed to, until they consent. Nothing is substituted or sent in part,
 * and what is left out comes again with the next delivery. The standing percentage is taken off first, then the discount.
 */
export function composeDelivery(delivery: Delivery, quotes: readonly Quote[], discountPercent: number): Composed {
  const judged = delivery.items.map((item) =>
    judge(
      item,
      quotes.find((quote) => quote.productId === item.productId),
    ),
  );
  const items = judged.flatMap(({ ordered }) => (ordered ? [ordered] : []));
  const subtotal = items.reduce((sum, { totalPrice }) => sum + totalPrice.amount, 0);
  const standing = percentOf(subtotal, delivery.percentOff);
  return {
    items,
    leftOut: judged.flatMap(({ leftOut }) => (leftOut ? [leftOut] : [])),
    subtotal,
    discount: standing + percentOf(subtotal - standing, discountPercent),
  };
}

function judge(item: DeliveryItem, quote: Quote | undefined): { ordered?: OrderItem; leftOut?: LeftOut } {
  const { productId, quantity, agreedUnitPrice } = item;
  if (quote === undefined || quote.available < quantity || quote.unitPrice.currency !== agreedUnitPrice.currency) {
    return { leftOut: { productId, reason: 'unavailable', unitPrice: null } };
  }
  const { sku, productName, unitPrice } = quote;
  if (unitPrice.amount * 100 > agreedUnitPrice.amount * (100 + PRICE_RISE_PERCENT)) {
    return { leftOut: { productId, reason: 'priceRise', unitPrice } };
  }
  const totalPrice = { ...unitPrice, amount: unitPrice.amount * quantity };
  return { ordered: { productId, sku, productName, quantity, unitPrice, totalPrice } };
}

const epochSecond = (instant: string): number => Math.floor(Date.parse(instant) / 1000);

/** Splits an amount for a stretch of time at an instant within it, to the second; the two parts add up. */
export function splitAt(amount: number, { start, end }: Period, at: string): { used: number; unused: number } {
  const cut = Math.min(Math.max(epochSecond(at), epochSecond(start)), epochSecond(end));
  const [used = 0, unused = 0] = allocate(amount, [cut - epochSecond(start), epochSecond(end) - cut]);
  return { used, unused };
}

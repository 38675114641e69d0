import type { InvoiceLine } from '../invoice/invoice.messages.js';
import { percentOf } from '../shared/allocate.js';
import { smallestSubtotal } from '../shared/smallestCharge.js';
import { taxRateOf } from '../shared/taxRates.js';
import type { SubscriptionContext } from './subscription.context.js';
import type { Discount, Plan } from './subscription.values.js';

/** One line of an invoice, before tax. */
export const line = (
  kind: InvoiceLine['kind'],
  description: string,
  amount: number,
  currency: string,
): InvoiceLine => ({
  kind,
  description,
  quantity: 1,
  unitPrice: { amount, currency },
  total: { amount, currency },
});

/** What lines add up to, minor units before tax. */
export const sum = (lines: readonly InvoiceLine[]): number => lines.reduce((all, { total }) => all + total.amount, 0);

/** What a discount takes off an amount, as a line. */
export const discountLines = (amount: number, discount: Discount | null, currency: string): InvoiceLine[] =>
  discount && amount > 0
    ? [line('discount', `${discount.percent} % off`, 0 - percentOf(amount, discount.percent), currency)]
    : [];

/** The least that an invoice of a plan may ask for, other than nothing, minor units before tax. */
const leastOf = ({ price, taxRegion }: Plan): number => smallestSubtotal(price.currency, taxRateOf(taxRegion) ?? 0);

/**
 * Credit pays all of an amount, or so much that the rest can still be charged; what is left of it waits for the next invoice.
 */
function creditLines(amount: number, credit: number, plan: Plan): InvoiceLine[] {
  const used = credit >= amount ? amount : Math.min(credit, amount - leastOf(plan));
  return used > 0 ? [line('creditUsed', 'Credit from an earlier change', 0 - used, plan.price.currency)] : [];
}

/** Lines that ask for too little to be charged, with one that waives it all: their invoice is paid by itself. */
export function waiveTrifle(lines: readonly InvoiceLine[], plan: Plan): readonly InvoiceLine[] {
  const amount = sum(lines);
  return amount > 0 && amount < leastOf(plan)
    ? [...lines, line('waived', 'Waived, as it is too little to charge', 0 - amount, plan.price.currency)]
    : lines;
}

/** The lines of a whole period of a plan: its price, the discount, credit from earlier changes as far as it goes. */
export function periodLines({ discount, credit }: SubscriptionContext, plan: Plan): readonly InvoiceLine[] {
  const { amount, currency } = plan.price;
  const priced = [line('plan', plan.name, amount, currency), ...discountLines(amount, discount, currency)];
  return waiveTrifle([...priced, ...creditLines(sum(priced), credit, plan)], plan);
}

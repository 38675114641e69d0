import { type Line, orderOf, periodAt, periodLines, sum } from '../bills.js';
import type { ExpectedInvoice } from '../expected.js';
import { shareOf } from '../handCalendar.js';
import type { MenuPlan } from '../menu.js';
import type { Bill, Standing } from './standing.js';

/** Makes the bill of the next period, on the terms that hold then. */
export const billNext = (sheet: Standing): void => {
  const { pending, wish, end, anchor, next, isNewRhythmAhead } = sheet;
  sheet.bill ??= billFor(sheet, {
    wish: pending ? { kind: 'plan', plan: pending } : wish,
    anchor: isNewRhythmAhead ? end : anchor,
    index: isNewRhythmAhead ? 0 : next,
    start: end,
  });
};

/** Begins a first period now, if it can be paid. */
export function beginAnew(sheet: Standing): void {
  const { now, wish } = sheet;
  sheet.beginnings.push(now);
  sheet.bill = billFor(sheet, { wish, anchor: now, index: 0, start: now });
  if (isFree(sheet)) settle(sheet);
  else if (!charge(sheet)) takeBack(sheet);
}

function billFor(
  sheet: Standing,
  { wish, anchor, index, start }: Pick<Bill, 'wish' | 'anchor' | 'index' | 'start'>,
): Bill {
  const rhythm = wish.kind === 'plan' ? wish.plan : wish.delivery;
  const { end } = periodAt(anchor, rhythm, index);
  const lines = wish.kind === 'plan' ? periodLines(wish.plan, sheet.discount, sheet.credit) : [];
  const creditUsed = lines.reduce((all, [kind, amount]) => (kind === 'creditUsed' ? all - amount : all), 0);
  const usesDiscount = sheet.discount !== null;
  const invoice = wish.kind === 'plan' ? issue(sheet, wish.plan, lines, { start, end }) : null;
  return { wish, anchor, index, start, end, net: sum(lines) + creditUsed, creditUsed, usesDiscount, invoice };
}

/** Writes an invoice; one that asks for nothing is paid. */
export function issue(
  sheet: Standing,
  plan: MenuPlan,
  lines: readonly Line[],
  period: { readonly start: number; readonly end: number },
): ExpectedInvoice {
  const tax = shareOf(sum(lines), plan.taxBasisPoints);
  const total = sum(lines) + tax;
  const invoice: ExpectedInvoice = {
    state: total === 0 ? 'paid' : 'open',
    lines,
    currency: plan.price.currency,
    tax,
    total,
    ...period,
    issuedAt: sheet.now,
    dueAt: period.start,
    paidAt: total === 0 ? sheet.now : null,
  };
  sheet.invoices.push(invoice);
  return invoice;
}

export const isFree = ({ bill }: Standing): boolean => bill?.invoice?.total === 0;

/** Whether the bank gives the money now. */
export function passes(sheet: Standing): boolean {
  if (sheet.refusals > 0) {
    sheet.refusals -= 1;
    return false;
  }
  if (sheet.card === 'stolen') sheet.isUsable = false;
  return sheet.card === 'good';
}

/** Charges the bill, and answers whether that went well. */
export function charge(sheet: Standing): boolean {
  const { bill } = sheet;
  if (!bill || !passes(sheet)) return false;
  if (bill.wish.kind === 'delivery')
    sheet.orders.push({ placedAt: sheet.now, ...orderOf(bill.wish.delivery, sheet.discount) });
  settle(sheet);
  return true;
}

/** The bill is paid: its period is what runs. */
export function settle(sheet: Standing): void {
  const { bill, now } = sheet;
  if (!bill) return;
  if (bill.invoice?.state === 'open') {
    bill.invoice.state = 'paid';
    bill.invoice.paidAt = now;
  }
  const { wish, start, end, anchor, index, net } = bill;
  sheet.wish = wish;
  sheet.period = { start, end };
  sheet.anchor = anchor;
  sheet.next = index + 1;
  sheet.coverage = { start, end, amount: net };
  sheet.credit -= bill.creditUsed;
  if (bill.usesDiscount) countDiscount(sheet);
  sheet.bill = null;
  sheet.pending = null;
  sheet.onTrial = false;
  sheet.stage = 'current';
}

/** One time of the discount is used. */
export function countDiscount(sheet: Standing): void {
  const { discount } = sheet;
  if (!discount) return;
  sheet.discount = discount.timesLeft > 1 ? { ...discount, timesLeft: discount.timesLeft - 1 } : null;
}

/** Takes back what nobody has paid, and nobody is to pay any more. */
export function takeBack(sheet: Standing): void {
  if (sheet.bill?.invoice) {
    sheet.bill.invoice.state = 'cancelled';
    sheet.bill.invoice.paidAt = null;
  }
  sheet.bill = null;
}

import { allocate, basisPointsOf } from '../shared/allocate.js';
import { days, later } from '../shared/instants.js';
import type { InvoiceLine } from './invoice.messages.js';

/** From the issue of a one-off invoice to its due date (ms, R-56, C-67). */
export const ONE_OFF_DUE_MS = days(14);
/** How long after the due instant an invoice counts as unpaid: its due day has passed, and the charge of that day too (ms). */
export const OVERDUE_AFTER_MS = days(1);

/** When an invoice is due: a subscription’s with its period, any other two weeks after its issue (R-56, C-67). */
export const dueDateOf = (dueDate: string | null, issuedAt: string): string =>
  dueDate ?? later(issuedAt, ONE_OFF_DUE_MS);

/** What an invoice asks for, minor units. */
export interface Totals {
  readonly subtotal: number;
  readonly tax: number;
  readonly total: number;
}

/** Adds up an invoice: tax is on the subtotal, rounded half up once, so nothing is lost in splitting it over lines. */
export function totalsOf(lines: readonly Pick<InvoiceLine, 'total'>[], taxBasisPoints: number): Totals {
  const subtotal = lines.reduce((sum, { total }) => sum + total.amount, 0);
  const tax = basisPointsOf(subtotal, taxBasisPoints);
  return { subtotal, tax, total: subtotal + tax };
}

/**
 * Splits a refund into goods and tax as its invoice did. Counted from all that went back, so that the credit notes of a
 * whole refund add up to the invoice.
 */
export function creditOf({ subtotal, tax }: Totals, refundedBefore: number, refund: number): Totals {
  const [goodsBefore = 0, taxBefore = 0] = allocate(refundedBefore, [subtotal, tax]);
  const [goodsAfter = 0, taxAfter = 0] = allocate(refundedBefore + refund, [subtotal, tax]);
  return { subtotal: goodsAfter - goodsBefore, tax: taxAfter - taxBefore, total: refund };
}

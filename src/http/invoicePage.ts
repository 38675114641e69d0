import { dateOf, datesOf } from '../../machines/shared/calendar.js';
import type { Money } from '../../machines/shared/values.js';
import type { Addressee } from './addressee.js';
import { documentPage } from './documentPage.js';
import type { CreditNoteView, InvoiceView } from './invoiceSchemas.js';
import { moneyText } from './moneyText.js';

const day = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeZone: 'UTC' });
const dayText = (instant: string): string => day.format(new Date(dateOf(instant)));

// A true minus, as wide as the digits.
const priceText = (money: Money): string => moneyText(money).replace('-', '−');

const percentText = (basisPoints: number): string => `${basisPoints / 100} %`;

const moods = {
  draft: 'void',
  generated: 'open',
  sent: 'open',
  overdue: 'bad',
  paid: 'good',
  refunded: 'void',
  cancelled: 'void',
} as const;

function stampText({ state, paidAt, dueAt, status }: InvoiceView): string {
  if (state === 'paid') return paidAt ? `Paid on ${dayText(paidAt)}` : 'Paid';
  if (state === 'refunded') return 'Paid and refunded';
  if (state === 'cancelled') return 'Void: nothing is to be paid';
  if (state === 'overdue') return `Overdue since ${dayText(dueAt)}`;
  if (state === 'draft') return 'Draft';
  return status === 'FAILED' ? `The last charge failed; due ${dayText(dueAt)}` : `Due ${dayText(dueAt)}`;
}

/** An invoice as a page (HTML). */
export function invoicePage(invoice: InvoiceView, to: Addressee): string {
  const { billingPeriod, creditNotes } = invoice;
  const period = billingPeriod && datesOf(billingPeriod);
  return documentPage({
    kind: 'Invoice',
    number: invoice.number ?? 'without a number yet',
    stamp: { text: stampText(invoice), mood: moods[invoice.state] },
    recipient: [to.name, ...to.lines],
    facts: [
      ['Date', dayText(invoice.issuedAt)],
      ['Due', dayText(invoice.dueAt)],
      ...(period ? [['Period', `${dayText(period.first)} – ${dayText(period.last)}`] as const] : []),
    ],
    table: {
      columns: ['Description', 'Quantity', 'Price', 'Amount'],
      rows: invoice.lines.map(({ description, quantity, unitPrice, total }) => [
        description,
        String(quantity),
        priceText(unitPrice),
        priceText(total),
      ]),
    },
    totals: [
      ['Subtotal', moneyText(invoice.subtotal)],
      [`Tax ${invoice.taxRegion} (${percentText(invoice.taxBasisPoints)})`, moneyText(invoice.tax)],
      ['Total', moneyText(invoice.total)],
    ],
    notes: [
      ...waiverNotes(invoice),
      ...creditNotes.map(
        ({ number, total, issuedAt }) =>
          `Credit note ${number ?? 'without a number yet'} of ${dayText(issuedAt)}: ${moneyText(total)} went back.`,
      ),
    ],
  });
}

const waiverNotes = ({ lines }: InvoiceView): string[] =>
  lines
    .filter(({ kind }) => kind === 'waived')
    .map(({ total: { amount, currency } }) => {
      const waived = moneyText({ amount: 0 - amount, currency });
      return `Only ${waived} before tax would be left to pay. That is too little to charge: we waive it, and you pay nothing.`;
    });

/** A credit note as a page (HTML). */
export const creditNotePage = (note: CreditNoteView, to: Addressee): string =>
  documentPage({
    kind: 'Credit note',
    number: note.number ?? 'without a number yet',
    stamp: { text: 'Refunded', mood: 'good' },
    recipient: [to.name, ...to.lines],
    facts: [
      ['Date', dayText(note.issuedAt)],
      ['For invoice', note.invoiceNumber ?? note.invoiceId],
    ],
    table: {
      columns: ['Description', 'Amount'],
      rows: [[`Refund of invoice ${note.invoiceNumber ?? note.invoiceId}`, moneyText(note.subtotal)]],
    },
    totals: [
      ['Subtotal', moneyText(note.subtotal)],
      ['Tax', moneyText(note.tax)],
      ['Refunded', moneyText(note.total)],
    ],
    notes: [],
  });

import type { CreditNote, InvoiceContext } from '../../machines/invoice/invoice.context.js';
import type { InvoiceLine } from '../../machines/invoice/invoice.messages.js';
import { type InvoiceState, periodStatus, viewInvoice as wordsFor } from '../../machines/invoice/invoice.view.js';
import type { StoredActor } from './actorRows.js';
import type { CreditNoteView, InvoiceView } from './invoiceSchemas.js';

export type StoredInvoice = StoredActor<InvoiceContext>;

/** Shows an invoice. */
export function viewInvoice({ context, ...invoice }: StoredInvoice): InvoiceView {
  const state = invoice.state as InvoiceState;
  const money = (amount: number) => ({ amount, currency: context.currency });
  return {
    id: invoice.id,
    number: context.number,
    type: context.type,
    subscriptionId: context.subscriptionId,
    customerId: context.customerId,
    planId: context.planId,
    state,
    status: wordsFor(state, context).graphql,
    currency: context.currency,
    lines: context.lines.map(viewLine),
    taxRegion: context.taxRegion,
    taxBasisPoints: context.taxBasisPoints,
    subtotal: money(context.subtotal),
    tax: money(context.tax),
    total: money(context.total),
    refundedAmount: money(context.refunded),
    billingPeriod: context.billingPeriod,
    periodStatus: periodStatus({ state, lastChargeFailed: context.lastChargeFailed }),
    issuedAt: context.issuedAt,
    dueAt: context.dueAt,
    sentAt: context.sentAt,
    paidAt: context.paidAt,
    paymentId: context.paymentId,
    cancelReason: context.cancelReason,
    creditNotes: context.creditNotes.map((note) => viewCreditNote(context, note)),
    createdAt: invoice.createdAt,
    updatedAt: invoice.updatedAt,
    version: invoice.version,
  };
}

/** Shows a credit note of an invoice. */
export function viewCreditNote(
  { currency, ...invoice }: Pick<InvoiceContext, 'currency' | 'invoiceId' | 'number' | 'customerId'>,
  { creditNoteId, number, subtotal, tax, total, issuedAt }: CreditNote,
): CreditNoteView {
  return {
    id: creditNoteId,
    number,
    invoiceId: invoice.invoiceId,
    invoiceNumber: invoice.number,
    customerId: invoice.customerId,
    subtotal: { amount: subtotal, currency },
    tax: { amount: tax, currency },
    total: { amount: total, currency },
    issuedAt,
  };
}

// Stored JSON has its fields in an order of its own.
export const viewLine = ({ kind, description, quantity, unitPrice, total }: InvoiceLine): InvoiceLine => ({
  kind,
  description,
  quantity,
  unitPrice,
  total,
});

/**
 * The life of an invoice: domain.md 8.6; R-54…R-57; C-23, C-24, C-67. One actor per invoice, so one per billed period.
 *
 * It never charges. The subscription does: it knows the method, which retry is due, and what is under way; the invoice only
 * hears of the outcome. It asks for its number, and the tax rate in force, inside the transaction that creates it.
 */
import { assertEvent, assign, emit, setup } from 'xstate';
import type { paymentMessages } from '../payment/payment.messages.js';
import { type Cause, cause } from '../shared/cause.js';
import { later, msBetween } from '../shared/instants.js';
import type { OutgoingOf, ReceivedOf } from '../shared/message.js';
import type { Money } from '../shared/values.js';
import type { CreditNote, GenerateInvoice, InvoiceContext } from './invoice.context.js';
import type { invoiceMessages } from './invoice.messages.js';
import { creditOf, dueDateOf, OVERDUE_AFTER_MS, totalsOf } from './invoice.rules.js';

const ordered = ({ data: { dueDate, ...order }, at }: GenerateInvoice): InvoiceContext => ({
  ...order,
  ...totalsOf(order.lines, 0),
  number: null,
  taxBasisPoints: 0,
  issuedAt: at,
  dueAt: dueDateOf(dueDate, at),
  sentAt: null,
  paidAt: null,
  paymentId: null,
  lastChargeFailed: false,
  cancelReason: null,
  refunded: 0,
  creditNotes: [],
});

const money = ({ currency }: InvoiceContext, amount: number): Money => ({ amount, currency });

const askForNumber = (
  invoice: InvoiceContext,
  documentId: string,
  series: 'invoice' | 'creditNote',
  { at }: Cause,
) => ({
  type: 'AllocateInvoiceNumber' as const,
  data: {
    invoiceId: invoice.invoiceId,
    documentId,
    series,
    year: Number(at.slice(0, 4)),
    taxRegion: invoice.taxRegion,
  },
});

/** Money of the payment that paid it went back, and was not heard of before: another payment's refund is none of the invoice's. */
function isNewRefund(
  { paymentId, creditNotes }: InvoiceContext,
  refund: { readonly paymentId: string; readonly refundId: string; readonly amount: Money },
): boolean {
  const isNew = creditNotes.every(({ creditNoteId }) => creditNoteId !== refund.refundId);
  return isNew && refund.paymentId === paymentId && refund.amount.amount > 0;
}

/**
 * @throws when the invoice has no number: a defect of the chart
 */
function numbered({ invoiceId, number }: InvoiceContext): string {
  if (number === null) throw new Error(`Invoice ${invoiceId} has no number`);
  return number;
}

/** What every invoice takes that is issued and not paid. */
const unpaid = {
  PaymentProcessed: { guard: 'paysInFull', target: 'paid', actions: 'notePayment' }, // 8.6: → paid
  PaymentFailed: { actions: 'noteFailedCharge' },
  CancelInvoice: { target: 'cancelled', actions: 'cancel' }, // 8.6: → cancelled
} as const;

const noteNumbers = {
  InvoiceNumberAllocated: { guard: 'isNumberOfNote', actions: ['numberNote', 'announceNote'] },
} as const;

export const invoiceMachine = setup({
  types: {
    context: {} as InvoiceContext,
    input: {} as GenerateInvoice,
    events: {} as ReceivedOf<
      Pick<typeof invoiceMessages, 'InvoiceNumberAllocated' | 'InvoiceSent' | 'CancelInvoice'> &
        Pick<typeof paymentMessages, 'PaymentProcessed' | 'PaymentFailed' | 'RefundCompleted'>
    >,
    emitted: {} as OutgoingOf<
      Pick<typeof invoiceMessages, 'AllocateInvoiceNumber' | 'InvoiceGenerated' | 'CreditNoteIssued'>
    >,
    meta: {} as { readonly defers?: readonly string[] },
  },
  delays: {
    overdue: ({ context, event }) => msBetween(cause(event).at, later(context.dueAt, OVERDUE_AFTER_MS)),
  },
  guards: {
    isFree: ({ context }) => context.total === 0,
    isOwnNumber: ({ context, event }) => {
      assertEvent(event, 'InvoiceNumberAllocated');
      return event.data.documentId === context.invoiceId;
    },
    isNumberOfNote: ({ context, event }) => {
      assertEvent(event, 'InvoiceNumberAllocated');
      const { documentId } = event.data;
      return context.creditNotes.some(({ creditNoteId, number }) => creditNoteId === documentId && number === null);
    },
    paysInFull: ({ context, event }) => {
      assertEvent(event, 'PaymentProcessed');
      const { amount } = event.data;
      return amount.amount === context.total && amount.currency === context.currency;
    },
    isNewRefund: ({ context, event }) => {
      assertEvent(event, 'RefundCompleted');
      return isNewRefund(context, event.data) && context.refunded + event.data.amount.amount <= context.total;
    },
    isLastRefund: ({ context, event }) => {
      assertEvent(event, 'RefundCompleted');
      return isNewRefund(context, event.data) && context.refunded + event.data.amount.amount === context.total;
    },
  },
  actions: {
    askForNumber: emit(({ context, event }) => askForNumber(context, context.invoiceId, 'invoice', cause(event))),
    takeNumber: assign(({ context, event }) => {
      assertEvent(event, 'InvoiceNumberAllocated');
      const { number, taxBasisPoints } = event.data;
      return { number, taxBasisPoints, ...totalsOf(context.lines, taxBasisPoints) };
    }),
    announce: emit(({ context }, status: 'generated' | 'paid') => ({
      type: 'InvoiceGenerated',
      data: {
        invoiceId: context.invoiceId,
        invoiceNumber: numbered(context),
        type: context.type,
        subscriptionId: context.subscriptionId,
        customerId: context.customerId,
        planId: context.planId,
        invoiceDate: context.issuedAt,
        dueDate: context.dueAt,
        status,
        lineItems: [...context.lines],
        subtotal: money(context, context.subtotal),
        tax: money(context, context.tax),
        total: money(context, context.total),
        currency: context.currency,
        billingPeriod: context.billingPeriod,
      },
    })),
    noteSent: assign(({ event }) => {
      assertEvent(event, 'InvoiceSent');
      return { sentAt: event.data.sentAt };
    }),
    notePayment: assign(({ event }) => {
      assertEvent(event, 'PaymentProcessed');
      return { paymentId: event.data.paymentId, lastChargeFailed: false };
    }),
    markPaid: assign({ paidAt: ({ event }) => cause(event).at }),
    noteFailedCharge: assign({ lastChargeFailed: true }),
    cancel: assign(({ event }) => {
      assertEvent(event, 'CancelInvoice');
      return { cancelReason: event.data.reason, paidAt: null };
    }),
    writeCreditNote: assign(({ context, event }) => {
      assertEvent(event, 'RefundCompleted');
      const { refundId, amount } = event.data;
      const note: CreditNote = {
        creditNoteId: refundId,
        number: null,
        issuedAt: event.at,
        ...creditOf(context, context.refunded, amount.amount),
      };
      return { creditNotes: [...context.creditNotes, note], refunded: context.refunded + amount.amount };
    }),
    askForNoteNumber: emit(({ context, event }) => {
      assertEvent(event, 'RefundCompleted');
      return askForNumber(context, event.data.refundId, 'creditNote', event);
    }),
    numberNote: assign(({ context, event }) => {
      assertEvent(event, 'InvoiceNumberAllocated');
      const { documentId, number } = event.data;
      return {
        creditNotes: context.creditNotes.map((note) => (note.creditNoteId === documentId ? { ...note, number } : note)),
      };
    }),
    /** @throws when the note is not there: a defect of the chart */
    announceNote: emit(({ context, event }) => {
      assertEvent(event, 'InvoiceNumberAllocated');
      const { documentId, number } = event.data;
      const note = context.creditNotes.find(({ creditNoteId }) => creditNoteId === documentId);
      if (note === undefined) throw new Error(`Invoice ${context.invoiceId} has no credit note ${documentId}`);
      return {
        type: 'CreditNoteIssued',
        data: {
          creditNoteId: note.creditNoteId,
          creditNoteNumber: number,
          invoiceId: context.invoiceId,
          invoiceNumber: numbered(context),
          subscriptionId: context.subscriptionId,
          customerId: context.customerId,
          subtotal: money(context, note.subtotal),
          tax: money(context, note.tax),
          total: money(context, note.total),
          issuedAt: note.issuedAt,
        },
      };
    }),
  },
}).createMachine({
  id: 'invoice',
  context: ({ input }) => ordered(input),
  initial: 'draft',
  states: {
    draft: {
      entry: 'askForNumber',
      on: {
        InvoiceNumberAllocated: { guard: 'isOwnNumber', target: 'generated', actions: 'takeNumber' }, // 8.6: – → draft → generated
        CancelInvoice: { target: 'cancelled', actions: 'cancel' }, // 8.6: draft → cancelled
      },
    },
    generated: {
      entry: { type: 'announce', params: 'generated' },
      // Credit covers it all, or it is waived: nobody has to pay.
      always: { guard: 'isFree', target: 'paid' },
      after: { overdue: 'overdue' }, // 8.6: generated → overdue
      on: {
        ...unpaid,
        InvoiceSent: { target: 'sent', actions: 'noteSent' }, // 8.6: generated → sent
      },
    },
    sent: {
      after: { overdue: 'overdue' }, // 8.6: sent → overdue
      on: unpaid,
    },
    overdue: { on: unpaid },
    paid: {
      entry: ['markPaid', { type: 'announce', params: 'paid' }], // 8.6: InvoiceGenerated(status paid)
      on: {
        // Nobody paid for it: its period may still be billed on other terms, with the same credit.
        CancelInvoice: { guard: 'isFree', target: 'cancelled', actions: 'cancel' }, // 8.6: → cancelled
        RefundCompleted: [
          { guard: 'isLastRefund', target: 'refunded', actions: ['writeCreditNote', 'askForNoteNumber'] }, // 8.6: paid → refunded
          { guard: 'isNewRefund', actions: ['writeCreditNote', 'askForNoteNumber'] },
        ],
        ...noteNumbers,
      },
    },
    refunded: { on: noteNumbers },
    cancelled: {},
  },
});

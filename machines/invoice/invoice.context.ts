import type { DataOf, Received } from '../shared/message.js';
import type { invoiceMessages } from './invoice.messages.js';
import type { Totals } from './invoice.rules.js';

type Order = DataOf<(typeof invoiceMessages)['GenerateInvoice']>;
export type GenerateInvoice = Received<'GenerateInvoice', Order>;

/** A refund in writing. Amounts are minor units of the invoice’s currency. */
export interface CreditNote extends Totals {
  /** The id of the refund. */
  readonly creditNoteId: string;
  readonly number: string | null;
  readonly issuedAt: string;
}

/** Amounts are minor units of `currency`; they and the number are there from the state `generated` on. */
export interface InvoiceContext extends Omit<Order, 'dueDate'>, Totals {
  readonly number: string | null;
  readonly taxBasisPoints: number;
  readonly issuedAt: string;
  readonly dueAt: string;
  readonly sentAt: string | null;
  readonly paidAt: string | null;
  readonly paymentId: string | null;
  readonly lastChargeFailed: boolean;
  readonly cancelReason: string | null;
  readonly refunded: number;
  readonly creditNotes: readonly CreditNote[];
}

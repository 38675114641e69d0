/** The states of the invoice machine (domain.md 8.6). */
export type InvoiceState = 'draft' | 'generated' | 'sent' | 'overdue' | 'paid' | 'refunded' | 'cancelled';

/** What is known of an invoice besides its state. */
interface Charged {
  readonly lastChargeFailed: boolean;
}

/** What the catalogue's vocabularies call an invoice (C-24). */
export interface InvoiceView {
  /** The Invoice entity. */
  readonly entity: 'Draft' | 'Sent' | 'Paid' | 'Overdue' | 'Void';
  /** The GraphQL types of Billing. */
  readonly graphql: 'DRAFT' | 'PENDING' | 'PAID' | 'FAILED' | 'CANCELLED' | 'REFUNDED';
}

const entities: Readonly<Record<InvoiceState, InvoiceView['entity']>> = {
  draft: 'Draft',
  generated: 'Sent',
  sent: 'Sent',
  overdue: 'Overdue',
  paid: 'Paid',
  refunded: 'Paid',
  cancelled: 'Void',
};

const graphql: Readonly<Record<InvoiceState, InvoiceView['graphql']>> = {
  draft: 'DRAFT',
  generated: 'PENDING',
  sent: 'PENDING',
  overdue: 'PENDING',
  paid: 'PAID',
  refunded: 'REFUNDED',
  cancelled: 'CANCELLED',
};

/** Returns what each vocabulary of the catalogue calls a stored invoice state; FAILED is an open invoice whose last charge failed. */
export const viewInvoice = (state: InvoiceState, { lastChargeFailed }: Charged): InvoiceView => ({
  entity: entities[state],
  graphql: lastChargeFailed && graphql[state] === 'PENDING' ? 'FAILED' : graphql[state],
});

/** The status of the SubscriptionPeriod entity (5.4). */
export type PeriodStatus = 'Active' | 'Billed' | 'Paid' | 'Unpaid' | 'PastDue';

/**
 * Returns the status of a subscription period by its invoice (8.7): Active while none is issued, on trial and after a pause,
 * too; Billed → Paid, or Billed → Unpaid (the charge failed) → PastDue (the due day has passed) → Paid.
 */
export function periodStatus(invoice: (Charged & { readonly state: InvoiceState }) | null): PeriodStatus {
  if (invoice === null || invoice.state === 'draft') return 'Active';
  const { state, lastChargeFailed } = invoice;
  if (state === 'paid' || state === 'refunded') return 'Paid';
  if (state === 'overdue') return 'PastDue';
  if (lastChargeFailed) return 'Unpaid';
  return state === 'cancelled' ? 'Active' : 'Billed';
}

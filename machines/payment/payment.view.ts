/** The states of the payment machine (domain.md 8.2). */
export type PaymentState =
  | 'initiated'
  | 'riskCheck'
  | 'onHold'
  | 'authorizing'
  | 'authorized'
  | 'capturing'
  | 'retryWait'
  | 'captured'
  | 'completed'
  | 'partiallyRefunded'
  | 'refunded'
  | 'failed'
  | 'cancelled';

/** What the catalogue's four vocabularies call a state (C-14). */
interface PaymentView {
  /** The Payment entity. */
  readonly entity: 'pending' | 'processing' | 'completed' | 'failed' | 'cancelled' | 'refunded' | 'partially_refunded';
  /** The REST API, which knows fewer words than the entity. */
  readonly rest: 'pending' | 'processing' | 'completed' | 'failed' | 'refunded';
  /** The `payments-db` prose. */
  readonly database: 'INITIATED' | 'AUTHORIZED' | 'CAPTURED' | 'FAILED' | 'CANCELLED' | 'REFUNDED';
  /** The GetPaymentStatus query. */
  readonly query: 'pending' | 'completed' | 'failed' | 'refunded';
}

const pending: PaymentView = { entity: 'pending', rest: 'pending', database: 'INITIATED', query: 'pending' };
const processing: PaymentView = { ...pending, entity: 'processing', rest: 'processing' };
const authorized: PaymentView = { ...processing, database: 'AUTHORIZED' };
const captured: PaymentView = { entity: 'completed', rest: 'completed', database: 'CAPTURED', query: 'completed' };

const views: Readonly<Record<PaymentState, PaymentView>> = {
  initiated: pending,
  riskCheck: pending,
  onHold: pending,
  authorizing: processing,
  authorized,
  capturing: authorized,
  retryWait: processing,
  captured,
  completed: captured,
  partiallyRefunded: { ...captured, entity: 'partially_refunded' },
  refunded: { entity: 'refunded', rest: 'refunded', database: 'REFUNDED', query: 'refunded' },
  failed: { entity: 'failed', rest: 'failed', database: 'FAILED', query: 'failed' },
  cancelled: { entity: 'cancelled', rest: 'failed', database: 'CANCELLED', query: 'failed' },
};

/** Returns what each vocabulary of the catalogue calls a stored payment state (the view table of domain.md 8.2). */
export const viewPayment = (state: PaymentState): PaymentView => views[state];

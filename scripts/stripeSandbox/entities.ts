import type { StripeErrorBody } from './stripeError.js';
import type { DeclineName } from './testCards.js';

/** One attempt to take money. Amounts are integers as Stripe counts them; `created` is in seconds. */
export interface Charge {
  readonly id: string;
  readonly created: number;
  readonly amount: number;
  readonly amountCaptured: number;
  readonly amountRefunded: number;
  readonly paymentMethod: string;
  readonly decline: DeclineName | null;
}

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'requires_capture'
  | 'canceled'
  | 'succeeded';

/** A PaymentIntent. Versions are never changed in place, so an idempotency record can keep the one it answered with. */
export interface Intent {
  readonly id: string;
  readonly created: number;
  readonly amount: number;
  readonly currency: string;
  readonly captureMethod: string;
  readonly status: IntentStatus;
  readonly paymentMethod: string | null;
  readonly customer: string | null;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly charges: readonly Charge[];
  readonly lastDecline: DeclineName | null;
  readonly canceledAt: number | null;
  readonly cancellationReason: string | null;
}

export interface Refund {
  readonly id: string;
  readonly created: number;
  readonly amount: number;
  readonly currency: string;
  readonly intent: string;
  readonly charge: string;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly reason: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Customer {
  readonly id: string;
  readonly created: number;
  readonly email: string | null;
  readonly name: string | null;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A test card attached to a customer, under an id of its own. */
export interface SavedCard {
  readonly id: string;
  readonly created: number;
  readonly token: string;
  readonly customer: string;
}

/** Stripe's agreement to charge a customer again and again, which it calls a subscription. */
export interface Agreement {
  readonly id: string;
  readonly created: number;
  readonly customer: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly status: 'active' | 'canceled';
  readonly cancelAtPeriodEnd: boolean;
  readonly canceledAt: number | null;
}

/** What the answer to a request shows: one of the objects of its ledger entry, its intent's refusal, or an error. */
export type Reply = 'intent' | 'decline' | 'refund' | 'customer' | 'savedCard' | 'agreement' | StripeErrorBody;

/** What one request changed. A request changes at most one object of each kind. */
export interface Change {
  readonly type:
    | 'intentCreated'
    | 'charged'
    | 'authorized'
    | 'captured'
    | 'declined'
    | 'actionRequired'
    | 'canceled'
    | 'refunded'
    | 'refundPending'
    | 'refundSettled'
    | 'refundFailed'
    | 'customerCreated'
    | 'cardAttached'
    | 'agreementMade'
    | 'agreementChanged'
    | 'agreementEnded'
    | 'requestFailed';
  /** How much the entry is about, and for which of our orders (the intent's `metadata.orderId`). */
  readonly amount: number;
  readonly currency: string | null;
  readonly orderId: string | null;
  readonly intent?: Intent;
  readonly refund?: Refund;
  readonly customer?: Customer;
  readonly savedCard?: SavedCard;
  readonly agreement?: Agreement;
  readonly status: number;
  readonly reply: Reply;
}

/** The last charge of an intent: the one that counts. */
export const latestCharge = (intent: Intent): Charge | null => intent.charges.at(-1) ?? null;

/** What an intent has really taken, before refunds. */
export const amountReceived = (intent: Intent): number => latestCharge(intent)?.amountCaptured ?? 0;

import type { InvoiceLine } from '../invoice/invoice.messages.js';
import type { Cadence, Period } from '../shared/calendar.js';
import type { DataOf, Received } from '../shared/message.js';
import type { Money, PaymentMethod } from '../shared/values.js';
import type { subscriptionMessages } from './subscription.messages.js';
import type {
  CancelReason,
  CheckoutContext,
  Delivery,
  Discount,
  LeftOut,
  Offer,
  Plan,
  Requester,
  Terms,
} from './subscription.values.js';

export type SubscribeUser = Received<'SubscribeUser', DataOf<(typeof subscriptionMessages)['SubscribeUser']>>;

/** A charge that is under way: the payment of an invoice, or the order of a delivery. */
export interface Attempt {
  /** The payment’s id; the order’s id for a delivery. */
  readonly id: string;
  /** The method that is being charged, to see whether the customer has chosen another meanwhile. */
  readonly token: string;
}

/** Why a bill should be charged: it is due (0), a retry is (1…3), or the customer asked. */
export type Occasion = { readonly retryAttempt: number } | 'request';

/** What is owed for one period: by invoice for a plan, by an order for a delivery. */
export interface Bill {
  /** Null for a delivery, whose order is its invoice. */
  readonly invoiceId: string | null;
  readonly period: Period;
  /** The rhythm that the period belongs to: its anchor and its number in it. */
  readonly anchor: string;
  readonly index: number;
  readonly terms: Terms;
  /** Before tax; empty for a delivery. */
  readonly lines: readonly InvoiceLine[];
  /** What the period costs, less the discount: minor units before tax, credit not yet used; 0 for a delivery. */
  readonly net: number;
  readonly creditUsed: number;
  readonly usesDiscount: boolean;
  /** With tax; null until the invoice is there, and for a delivery. */
  readonly total: Money | null;
  readonly wanted: Occasion | null;
  readonly attempt: Attempt | null;
}

/** A dearer plan that the customer wants now and whose proration is being charged. */
export interface PlanChange {
  readonly plan: Plan;
  readonly invoiceId: string;
  readonly lines: readonly InvoiceLine[];
  readonly at: string;
  /** The running period as it will be, and the rhythm behind it. */
  readonly period: Period;
  readonly anchor: string;
  readonly nextIndex: number;
  readonly coverage: Coverage;
  /** What the lines keep for later invoices, minor units before tax. */
  readonly creditKept: number;
  readonly usesDiscount: boolean;
  readonly total: Money | null;
  readonly attempt: Attempt | null;
}

/** What was paid, before tax, for a stretch of time that is still running: the base of what its rest is worth. */
export interface Coverage extends Period {
  readonly amount: number;
}

/** An unpaid debt, from the first failed charge on. */
export interface Dunning {
  /** Retries are counted from here (C-19); moves on by the time that an offer was open. */
  readonly firstFailureAt: string;
  /** Scheduled retries that are behind us. */
  readonly retriesDone: number;
  readonly failedAttempts: number;
  readonly lastAttemptAt: string | null;
  readonly graceUntil: string | null;
}

/** Where a subscription can be when it is asked to end, and go back to. */
export type Origin = 'trialing' | 'current' | 'renewing' | 'pastDue' | 'grace' | 'paused';

export interface Cancellation {
  /** Id of the request that is being confirmed. */
  readonly cancellationId: string;
  readonly reason: CancelReason;
  readonly note: string | null;
  readonly requestedBy: Requester;
  readonly mode: 'period_end' | 'immediate';
  readonly requestedAt: string;
  readonly from: Origin;
  /** What was offered, until when; null when nothing was. */
  readonly offer: Offer | null;
  readonly offerUntil: string | null;
  /** When the end takes effect, once it is certain. */
  readonly effectiveAt: string | null;
}

/** A pause, and the paid time that waits for its end. */
export interface Pause {
  readonly since: string;
  readonly until: string;
  readonly remainingMs: number;
  /** What the waiting time is worth, minor units before tax. */
  readonly remainingAmount: number;
}

export interface SubscriptionContext {
  readonly subscriptionId: string;
  readonly customerId: string;
  readonly terms: Terms;
  readonly paymentMethod: PaymentMethod | null;
  /** False once the method can never pass again: nothing is charged before the customer chooses another. */
  readonly methodUsable: boolean;
  readonly autoRenew: boolean;
  readonly discount: Discount | null;
  /** Minor units before tax that later invoices are reduced by. */
  readonly credit: number;
  readonly source: string;
  readonly checkout: CheckoutContext;
  readonly trialDays: number;
  /** When access first began; null before. */
  readonly startedAt: string | null;
  /** The running period, paid or on trial. */
  readonly period: Period | null;
  readonly onTrial: boolean;
  readonly anchor: string;
  /** The number, counted from the anchor, of the period that comes next. */
  readonly nextIndex: number;
  readonly coverage: Coverage | null;
  readonly bill: Bill | null;
  readonly change: PlanChange | null;
  /** The plan that begins with the next period. */
  readonly pendingPlan: Plan | null;
  readonly reminded: boolean;
  readonly dunning: Dunning | null;
  readonly pause: Pause | null;
  readonly cancellation: Cancellation | null;
  /** Id of the wish that the provider resumes its agreement, until it has answered (S-25); no end is asked for before. */
  readonly resuming: string | null;
  readonly offerUsed: boolean;
  readonly suspendedAt: string | null;
  /** Until when a subscription that has ended can be renewed; null when it cannot. */
  readonly decisionUntil: string | null;
  readonly lastPaymentAt: string | null;
  /** Payments that were counted or sent back: none counts twice. */
  readonly seenPayments: readonly string[];
  /** Money came that no bill explains: support must look before anything is cancelled (S-23). */
  readonly billingInconsistent: boolean;
  /** The last request that was refused, and why: for whoever asked. */
  readonly refusal: { readonly messageId: string; readonly reason: Refusal } | null;
  /** The products that did not come with the last delivery. */
  readonly leftOut: readonly LeftOut[];
  /** The request that skipped a delivery last: told again, it does not skip another one. */
  readonly skippedBy: string | null;
}

export type Refusal = 'accountLocked' | 'billingInconsistent' | 'providerFailed';

/** The context of a subscription that was just asked for (S-01, S-02). */
export const subscribed = ({ data, at }: SubscribeUser): SubscriptionContext => ({
  subscriptionId: data.subscriptionId,
  customerId: data.customerId,
  terms: data.terms,
  paymentMethod: data.paymentMethod,
  methodUsable: true,
  autoRenew: data.autoRenew,
  discount: data.discount,
  credit: 0,
  source: data.source,
  checkout: data.checkout,
  trialDays: data.trialDays,
  startedAt: null,
  period: null,
  onTrial: false,
  anchor: at,
  nextIndex: 0,
  coverage: null,
  bill: null,
  change: null,
  pendingPlan: null,
  reminded: false,
  dunning: null,
  pause: null,
  cancellation: null,
  resuming: null,
  offerUsed: false,
  suspendedAt: null,
  decisionUntil: null,
  lastPaymentAt: null,
  seenPayments: [],
  billingInconsistent: false,
  refusal: null,
  leftOut: [],
  skippedBy: null,
});

export const cadenceOf = (terms: Terms): Cadence => (terms.kind === 'plan' ? terms.plan : terms.delivery);

export const currencyOf = (terms: Terms): string =>
  terms.kind === 'plan' ? terms.plan.price.currency : terms.delivery.currency;

export const planOf = ({ terms }: Pick<SubscriptionContext, 'terms'>): Plan | null =>
  terms.kind === 'plan' ? terms.plan : null;

export const deliveryOf = ({ terms }: Pick<SubscriptionContext, 'terms'>): Delivery | null =>
  terms.kind === 'delivery' ? terms.delivery : null;

/** Whether there is a method that may be charged. */
export const hasUsableMethod = ({ paymentMethod, methodUsable }: SubscriptionContext): boolean =>
  paymentMethod !== null && methodUsable;

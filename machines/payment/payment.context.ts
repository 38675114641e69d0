import type { FlowmartReceived } from '../index.js';
import { deriveId } from '../shared/ids.js';
import type { Allocation, Money, PaymentMethod } from '../shared/values.js';
import type { FailureReason } from './payment.messages.js';
import { chargeKey, type Refund, refundable } from './payment.rules.js';

export type Opening = FlowmartReceived<'OpenPayment'>;

/** The charge that took the money. */
export interface Charge {
  readonly gateway: string;
  readonly gatewayReferenceId: string;
  readonly responseMessage: string;
  /** Minor units of the payment's currency. */
  readonly amount: number;
  readonly capturedAt: string;
}

/** Money that a provider holds, or held, until it is captured or voided (P-09). */
export interface Authorization {
  /** The key under which the charge was authorised. */
  readonly idempotencyKey: string;
  readonly gateway: string;
  readonly gatewayReferenceId: string;
  /** Minor units of the payment's currency. */
  readonly amount: number;
  readonly authorizedAt: string;
  readonly voidedAt: string | null;
}

/** Why the last charge failed, or why none was made. */
export interface Failure {
  readonly reason: FailureReason;
  readonly code: string | null;
  readonly message: string;
  readonly methodUsable: boolean;
}

export interface PaymentContext {
  readonly paymentId: string;
  /** Internal id of the payment that fraud messages refer to (C-65). */
  readonly transactionId: string;
  readonly orderId: string | null;
  readonly subscriptionId: string | null;
  readonly invoiceId: string | null;
  readonly customerId: string | null;
  readonly amount: Money;
  readonly paymentMethod: PaymentMethod;
  readonly profile: Opening['data']['profile'];
  /** False only authorises: the money is taken by a capture (P-09, P-15). */
  readonly captureImmediately: boolean;
  readonly initiatedAt: string;
  readonly reviewDueAt: string | null;
  /** Charges asked for so far. */
  readonly attempt: number;
  /** Number of the charge key in use; rises with every definitive decline. */
  readonly chargeNumber: number;
  /** Whether the charge under the key in use may have taken money without telling us. */
  readonly outcomeUnknown: boolean;
  readonly nextRetryAt: string | null;
  /** A method the customer chose meanwhile: used for the next charge that needs a new key. */
  readonly replacementMethod: PaymentMethod | null;
  readonly cancelRequested: boolean;
  readonly failure: Failure | null;
  readonly authorization: Authorization | null;
  readonly charge: Charge | null;
  /** The stock that was sold (half of P-16). */
  readonly allocations: readonly Allocation[] | null;
  readonly receiptQueued: boolean;
  /** Set once all the money was asked back: the order must not be fulfilled any more. */
  readonly calledOff: boolean;
  readonly completedAt: string | null;
  readonly refunds: readonly Refund[];
  /** Minor units that went back: the completed refunds, added up where the database can check them. */
  readonly refunded: number;
}

/** A payment that was just opened (P-01). */
export const opened = ({ id, at, data }: Opening): PaymentContext => ({
  paymentId: data.paymentId,
  transactionId: deriveId(id, 'transaction'),
  orderId: data.orderId,
  subscriptionId: data.subscriptionId,
  invoiceId: data.invoiceId,
  customerId: data.customerId,
  amount: data.amount,
  paymentMethod: data.paymentMethod,
  profile: data.profile,
  captureImmediately: data.captureImmediately,
  initiatedAt: at,
  reviewDueAt: null,
  attempt: 0,
  chargeNumber: 1,
  outcomeUnknown: false,
  nextRetryAt: null,
  replacementMethod: null,
  cancelRequested: false,
  failure: null,
  authorization: null,
  charge: null,
  allocations: null,
  receiptQueued: false,
  calledOff: false,
  completedAt: null,
  refunds: [],
  refunded: 0,
});

/** The key of the charge that is under way, or that will be asked for next. */
export const currentKey = ({ paymentId, chargeNumber }: PaymentContext): string => chargeKey(paymentId, chargeNumber);

/** What was captured; zero before. */
export const capturedMoney = ({ charge, amount }: PaymentContext): Money => ({
  amount: charge?.amount ?? 0,
  currency: amount.currency,
});

/** Minor units that can be asked back now. */
export const refundableNow = ({ charge, refunds }: PaymentContext): number => refundable(charge?.amount ?? 0, refunds);

export const refundOf = ({ refunds }: PaymentContext, refundId: string): Refund | undefined =>
  refunds.find((refund) => refund.refundId === refundId);

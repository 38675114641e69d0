import type { FailureReason } from '../../../../machines/payment/payment.messages.js';
import type { PaymentMethod } from '../../../../machines/shared/values.js';

/** One charge. `amount` is in ISO 4217 minor units; `effectId` and `idempotencyKey` are stored before the call is made. */
export interface ChargeRequest {
  effectId: string;
  idempotencyKey: string;
  amount: number;
  currency: string;
  paymentMethod: PaymentMethod;
  /** False only authorises: the money is held until `capture` or `void`. */
  captureImmediately: boolean;
  /** Ids only; kept with the charge at the provider and returned in its webhooks. */
  metadata: Record<string, string>;
}

/** Which charge to look up; the provider's own id is the surer way when it is known. */
export interface ChargeLookUp {
  effectId: string;
  gatewayReferenceId: string | null;
}

/** Capture or void of an authorised charge. */
export interface AuthorizationRequest {
  effectId: string;
  idempotencyKey: string;
  gatewayReferenceId: string;
}

/** Captures at most what was authorised, in ISO 4217 minor units. */
export interface CaptureRequest extends AuthorizationRequest {
  amount: number;
  currency: string;
}

/** Returns captured money, whole or in part, in ISO 4217 minor units. */
export interface RefundRequest {
  effectId: string;
  idempotencyKey: string;
  gatewayReferenceId: string;
  amount: number;
  currency: string;
  metadata: Record<string, string>;
}

export interface RefundLookUp {
  effectId: string;
  gatewayReferenceId: string;
}

/** Ends whatever a provider has agreed with a subscription's customer about charging them again and again. */
export interface AgreementRequest {
  idempotencyKey: string;
  subscriptionId: string;
  /** False: at once. */
  atPeriodEnd: boolean;
}

/** Lets go on what a provider was told to end with its period. */
export type ResumptionRequest = Omit<AgreementRequest, 'atPeriodEnd'>;

/** The provider answered: nothing of the kind is left there; `found` agreements had to be ended for it. */
export interface AgreementEnded {
  kind: 'ended';
  found: number;
}

/** The provider answered: nothing of the kind ends there any more; `found` agreements had to be resumed for it. */
export interface AgreementResumed {
  kind: 'resumed';
  found: number;
}

/** The provider answered: the money moved (or is held). */
export interface Approved<K extends string> {
  kind: K;
  /** The provider's id of the charge. */
  gatewayReferenceId: string;
  responseCode: string;
  responseMessage: string;
}

/** The provider answered: the card was refused, nothing was taken. */
export interface Declined {
  kind: 'declined';
  gatewayReferenceId: string | null;
  failureReason: FailureReason;
  /** The provider's own word for it. */
  failureCode: string;
  failureMessage: string;
  /** Whether the same method may pass later (domain.md 2.7). */
  canRetry: boolean;
}

/** The provider answered that it will not do this, and did not. */
export interface Refused {
  kind: 'refused';
  failureCode: string;
  failureMessage: string;
}

/** Nobody knows whether it happened: look it up before asking again (invariant 5). */
export interface Unknown {
  kind: 'unknown';
  reason: 'network_error' | 'rate_limited' | 'server_error';
  message: string;
  /** Answered by a failure of the provider's own, which it keeps: under the same key it would be answered again (Stripe's rule for 24 hours). */
  keyIsSpent?: true;
}

export interface NotFound {
  kind: 'notFound';
}

/** A refund that was accepted; `pending` ones are told about again by webhook. */
export interface RefundAccepted {
  kind: 'refunded' | 'pending';
  gatewayRefundId: string;
  responseCode: string;
  responseMessage: string;
}

export type ChargeOutcome = Approved<'succeeded' | 'authorized'> | Declined | Unknown;
export type CaptureOutcome = Approved<'captured'> | Refused | Unknown;
export type VoidOutcome = Approved<'voided'> | Refused | Unknown;
export type AgreementOutcome = AgreementEnded | Refused | Unknown;
export type ResumptionOutcome = AgreementResumed | Refused | Unknown;
export type RefundOutcome = RefundAccepted | Refused | Unknown;

/** What a provider told by webhook, in our words. The same thing may be told more than once, under several event ids. */
export type ProviderEvent = {
  providerEventId: string;
  /** UTC ISO 8601. */
  occurredAt: string;
} & (
  | {
      kind: 'charge';
      /** Null when the charge was not made by us. */
      effectId: string | null;
      metadata: Record<string, string>;
      /** ISO 4217 minor units. */
      amount: number;
      currency: string;
      outcome: Exclude<ChargeOutcome, Unknown>;
    }
  | {
      kind: 'refund';
      effectId: string | null;
      metadata: Record<string, string>;
      gatewayReferenceId: string | null;
      amount: number;
      currency: string;
      outcome: Exclude<RefundOutcome, Unknown>;
    }
  | { kind: 'ignored'; type: string }
);

/**
 * A company that moves money (record 005: its words stay behind this port).
 * A refusal is an outcome, never an exception; no method repeats a call by itself, for the runtime owns retries.
 * Asking again with the same idempotency key within 24 hours never does the work twice.
 * Every method may throw a ProviderError, which repeating cannot mend.
 */
export interface PaymentProvider {
  readonly name: string;
  charge(request: ChargeRequest): Promise<ChargeOutcome>;
  /** Finds the charge of an effect: captured, authorised or declined; a voided authorisation is declined as `canceled`. */
  lookUpCharge(request: ChargeLookUp): Promise<ChargeOutcome | NotFound>;
  capture(request: CaptureRequest): Promise<CaptureOutcome>;
  /** Lets an authorisation go without taking anything. */
  void(request: AuthorizationRequest): Promise<VoidOutcome>;
  refund(request: RefundRequest): Promise<RefundOutcome>;
  lookUpRefund(request: RefundLookUp): Promise<RefundOutcome | NotFound>;
  /**
   * Looks for agreements of a subscription and ends those that still stand; where there is none, there is nothing to end, for
   * FlowMart charges each period by itself. Asking again looks again, and so never ends anything twice.
   */
  endAgreement(request: AgreementRequest): Promise<AgreementOutcome>;
  /** Looks for agreements of a subscription that end with their period, and lets them go on; asking again looks again. */
  resumeAgreement(request: ResumptionRequest): Promise<ResumptionOutcome>;
  /** Asks whether the provider answers at all; `latencyMs` in milliseconds. Never throws. */
  probe(): Promise<{ healthy: boolean; latencyMs: number }>;
  /**
   * Verifies and reads a webhook from its raw bytes.
   * @throws WebhookSignatureError when it was not signed with our secret, or more than five minutes ago.
   */
  parseWebhook(rawBody: Buffer, signature: string): ProviderEvent;
  /** Closes idle connections. */
  close(): void;
}

/** A call that cannot succeed by being repeated: wrong credentials, or a key used for two different requests. */
export class ProviderError extends Error {
  readonly code: 'PROVIDER_CREDENTIALS_REFUSED' | 'PROVIDER_KEY_REUSED';

  constructor(code: ProviderError['code'], message: string) {
    super(message);
    this.name = 'ProviderError';
    this.code = code;
  }
}

/** A webhook that nobody should believe. */
export class WebhookSignatureError extends Error {
  readonly code = 'WEBHOOK_SIGNATURE_INVALID';

  constructor(message: string) {
    super(message);
    this.name = 'WebhookSignatureError';
  }
}

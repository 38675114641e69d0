import type Stripe from 'stripe';
import type {
  AuthorizationRequest,
  CaptureOutcome,
  CaptureRequest,
  ChargeLookUp,
  ChargeOutcome,
  ChargeRequest,
  NotFound,
  PaymentProvider,
  RefundLookUp,
  RefundOutcome,
  RefundRequest,
  VoidOutcome,
} from './provider.js';
import { endStripeAgreement, resumeStripeAgreement } from './stripeAgreements.js';
import { toStripeAmount } from './stripeAmount.js';
import { createStripeClient, type StripeClientOptions } from './stripeClient.js';
import { parseStripeWebhook } from './stripeEvents.js';
import { failedCall, failedCharge, failedLookUp, intentStateIn } from './stripeFailures.js';
import {
  approvalMessage,
  chargeOutcomeOf,
  chargeOutcomeOfAll,
  declined,
  idOf,
  refundOutcomeOf,
} from './stripeOutcomes.js';

export interface StripeProviderOptions extends StripeClientOptions {
  /** Signing secret of our webhook endpoint, `whsec_…`. */
  webhookSecret: string;
}

/** The kinds of payment method whose tokens Stripe charges as cards. */
const cardLike: readonly ChargeRequest['paymentMethod']['type'][] = ['card', 'digital_wallet'];

/** Stripe, through PaymentIntents that are created and confirmed in one call. */
export function createStripeProvider(options: StripeProviderOptions): PaymentProvider {
  const { stripe, agent } = createStripeClient(options);
  return {
    name: 'stripe',
    charge: (request) => charge(stripe, request),
    lookUpCharge: (request) => lookUpCharge(stripe, request),
    capture: (request) => capture(stripe, request),
    void: (request) => voidAuthorization(stripe, request),
    refund: (request) => refund(stripe, request),
    lookUpRefund: (request) => lookUpRefund(stripe, request),
    endAgreement: (request) => endStripeAgreement(stripe, request),
    resumeAgreement: (request) => resumeStripeAgreement(stripe, request),
    probe: () => probe(stripe),
    parseWebhook: (rawBody, signature) => parseStripeWebhook(rawBody, signature, options.webhookSecret),
    close: () => agent.destroy(),
  };
}

async function charge(stripe: Stripe, request: ChargeRequest): Promise<ChargeOutcome> {
  const { currency, paymentMethod, idempotencyKey } = request;
  if (!cardLike.includes(paymentMethod.type)) {
    const message = `Stripe takes no ${paymentMethod.type} here.`;
    return {
      ...declined(null, { code: 'payment_method_not_available', message }),
      failureReason: 'invalid_payment_method',
    };
  }
  const amount = toStripeAmount(request.amount, currency);
  if (amount === null) return declined(null, inexactAmount(request));
  try {
    const intent = await stripe.paymentIntents.create(
      {
        amount,
        currency: currency.toLowerCase(),
        payment_method: paymentMethod.token,
        // Methods that send the customer to another page have no place in a call between servers.
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
        capture_method: request.captureImmediately ? 'automatic' : 'manual',
        confirm: true,
        // No customer is there to authenticate: a card that asks for it is refused, not left half done.
        error_on_requires_action: true,
        metadata: { ...request.metadata, effectId: request.effectId },
      },
      { idempotencyKey },
    );
    const outcome = chargeOutcomeOf(intent);
    if (outcome.kind !== 'notFound') return outcome;
    return { kind: 'unknown', reason: 'server_error', message: `${intent.id} was left ${intent.status}.` };
  } catch (error) {
    return failedCharge(error);
  }
}

/**
 * By id when it is known. Otherwise by search, whose index may lag a minute behind: "not found" then means
 * "ask again under the same key", which within 24 hours cannot charge twice, and by the end of them search has caught up.
 */
async function lookUpCharge(stripe: Stripe, request: ChargeLookUp): Promise<ChargeOutcome | NotFound> {
  try {
    if (request.gatewayReferenceId !== null) {
      return chargeOutcomeOf(await stripe.paymentIntents.retrieve(request.gatewayReferenceId));
    }
    const query = `metadata['effectId']:'${request.effectId.replaceAll(/['\\]/g, '\\$&')}'`;
    return chargeOutcomeOfAll((await stripe.paymentIntents.search({ query, limit: 10 })).data);
  } catch (error) {
    return failedLookUp(error);
  }
}

async function capture(stripe: Stripe, request: CaptureRequest): Promise<CaptureOutcome> {
  const { gatewayReferenceId, idempotencyKey } = request;
  const amount = toStripeAmount(request.amount, request.currency);
  if (amount === null) return refused(inexactAmount(request));
  const captured = (message: string): CaptureOutcome => ({
    kind: 'captured',
    gatewayReferenceId,
    responseCode: 'succeeded',
    responseMessage: message,
  });
  try {
    const intent = await stripe.paymentIntents.capture(
      gatewayReferenceId,
      { amount_to_capture: amount },
      { idempotencyKey },
    );
    return captured(approvalMessage(idOf(intent.latest_charge)));
  } catch (error) {
    return intentStateIn(error) === 'succeeded' ? captured('Had been captured before.') : failedCall(error);
  }
}

async function voidAuthorization(stripe: Stripe, request: AuthorizationRequest): Promise<VoidOutcome> {
  const { gatewayReferenceId, idempotencyKey } = request;
  const voided = (message: string): VoidOutcome => ({
    kind: 'voided',
    gatewayReferenceId,
    responseCode: 'canceled',
    responseMessage: message,
  });
  try {
    await stripe.paymentIntents.cancel(gatewayReferenceId, {}, { idempotencyKey });
    return voided('Voided.');
  } catch (error) {
    return intentStateIn(error) === 'canceled' ? voided('Had been voided before.') : failedCall(error);
  }
}

async function refund(stripe: Stripe, request: RefundRequest): Promise<RefundOutcome> {
  const { gatewayReferenceId, idempotencyKey } = request;
  const amount = toStripeAmount(request.amount, request.currency);
  if (amount === null) return refused(inexactAmount(request));
  try {
    const made = await stripe.refunds.create(
      { payment_intent: gatewayReferenceId, amount, metadata: { ...request.metadata, effectId: request.effectId } },
      { idempotencyKey },
    );
    return refundOutcomeOf(made);
  } catch (error) {
    return failedCall(error);
  }
}

/** A charge's refunds are listed, which never lags, until the one of this effect is met. */
async function lookUpRefund(stripe: Stripe, request: RefundLookUp): Promise<RefundOutcome | NotFound> {
  try {
    for await (const made of stripe.refunds.list({ payment_intent: request.gatewayReferenceId, limit: 100 })) {
      if (made.metadata?.effectId === request.effectId) return refundOutcomeOf(made);
    }
    return { kind: 'notFound' };
  } catch (error) {
    return failedLookUp(error);
  }
}

async function probe(stripe: Stripe): Promise<{ healthy: boolean; latencyMs: number }> {
  const startedAt = performance.now();
  const healthy = await stripe.balance.retrieve().then(
    () => true,
    () => false,
  );
  return { healthy, latencyMs: Math.round(performance.now() - startedAt) };
}

const inexactAmount = ({ amount, currency }: { amount: number; currency: string }) => ({
  code: 'amount_not_representable',
  message: `Stripe cannot move exactly ${amount} minor units of ${currency}.`,
});

const refused = ({ code, message }: { code: string; message: string }) => ({
  kind: 'refused' as const,
  failureCode: code,
  failureMessage: message,
});

import type Stripe from 'stripe';
import type { ChargeOutcome, Declined, NotFound, RefundOutcome } from './provider.js';
import { retryability } from './retryability.js';
import { failureReasonOf } from './stripeDeclines.js';

/** What a PaymentIntent in its present state says about the charge that it stands for. */
export function chargeOutcomeOf(intent: Stripe.PaymentIntent): ChargeOutcome | NotFound {
  const gatewayReferenceId = intent.id;
  switch (intent.status) {
    case 'succeeded':
    case 'requires_capture':
      return {
        kind: intent.status === 'succeeded' ? 'succeeded' : 'authorized',
        gatewayReferenceId,
        responseCode: intent.status,
        responseMessage: approvalMessage(chargeIdOf(intent)),
      };
    case 'canceled':
      return declined(gatewayReferenceId, { code: 'canceled', message: 'The payment was canceled at Stripe.' });
    case 'requires_action':
      return declined(gatewayReferenceId, {
        code: 'authentication_required',
        message: 'The card asks the customer to authenticate the payment.',
      });
    case 'processing':
      return { kind: 'unknown', reason: 'server_error', message: `${gatewayReferenceId} is still being processed.` };
    default:
      // Nothing was charged under this intent, and nothing was refused: as if it had never been asked.
      return intent.last_payment_error ? declined(gatewayReferenceId, intent.last_payment_error) : { kind: 'notFound' };
  }
}

/** Of several intents for one effect, the one that took money counts, then the one that holds it, then the newest. */
export function chargeOutcomeOfAll(intents: readonly Stripe.PaymentIntent[]): ChargeOutcome | NotFound {
  const counts = (status: Stripe.PaymentIntent.Status) => intents.find((intent) => intent.status === status);
  const intent = counts('succeeded') ?? counts('requires_capture') ?? counts('processing') ?? intents[0];
  return intent ? chargeOutcomeOf(intent) : { kind: 'notFound' };
}

/** Any refusal that Stripe describes with its error fields. */
export interface StripeRefusal {
  code?: string | null;
  decline_code?: string | null;
  advice_code?: string | null;
  message?: string | null;
}

/** A refused charge in our words; `do_not_try_again` from the issuer overrides what the reason alone would allow. */
export function declined(gatewayReferenceId: string | null, refusal: StripeRefusal): Declined {
  const failureReason = failureReasonOf(refusal.decline_code, refusal.code);
  return {
    kind: 'declined',
    gatewayReferenceId,
    failureReason,
    // The SDK shows a code that is missing as an empty string.
    failureCode: refusal.decline_code || refusal.code || 'unknown',
    failureMessage: refusal.message ?? 'The payment was refused.',
    canRetry: retryability[failureReason] && refusal.advice_code !== 'do_not_try_again',
  };
}

/** What a refund in its present state says. */
export function refundOutcomeOf(refund: Stripe.Refund): Exclude<RefundOutcome, { kind: 'unknown' }> {
  const { id, status } = refund;
  if (status === 'failed' || status === 'canceled') {
    const failureCode = refund.failure_reason ?? status;
    return { kind: 'refused', failureCode, failureMessage: `Refund ${id} is ${status}: ${failureCode}.` };
  }
  const settled = status === 'succeeded';
  return {
    kind: settled ? 'refunded' : 'pending',
    gatewayRefundId: id,
    responseCode: status ?? 'pending',
    responseMessage: `Refund ${id} is ${status ?? 'pending'}.`,
  };
}

/** The id of an object that Stripe shows either whole or by id only. */
export const idOf = (reference: string | { id: string } | null | undefined): string | null =>
  typeof reference === 'string' ? reference : (reference?.id ?? null);

const chargeIdOf = (intent: Stripe.PaymentIntent): string | null => idOf(intent.latest_charge);

export const approvalMessage = (chargeId: string | null): string =>
  chargeId === null ? 'Approved.' : `Approved as ${chargeId}.`;

import Stripe from 'stripe';
import { type Declined, type NotFound, ProviderError, type Refused, type Unknown } from './provider.js';
import { declined, idOf } from './stripeOutcomes.js';

const { errors } = Stripe;

/**
 * What a failed call says when the answer to "did it happen?" is open: rate limits, network trouble, 5xx, and a key whose
 * first request is still running. Null for an answer that settles the question.
 * @throws ProviderError when no repetition can mend the call; anything that is not Stripe's is thrown on.
 */
export function unknownOutcomeOf(error: unknown): Unknown | null {
  if (error instanceof errors.StripeRateLimitError) return unknown('rate_limited', error);
  if (error instanceof errors.StripeConnectionError) return unknown('network_error', error);
  if (error instanceof errors.StripeAPIError) {
    const isKept = (error.statusCode ?? 0) >= 500;
    return { ...unknown('server_error', error), ...(isKept ? { keyIsSpent: true } : {}) };
  }
  if (error instanceof errors.StripeAuthenticationError || error instanceof errors.StripePermissionError) {
    throw new ProviderError('PROVIDER_CREDENTIALS_REFUSED', 'Stripe refuses the API key.');
  }
  if (error instanceof errors.StripeIdempotencyError) throw new ProviderError('PROVIDER_KEY_REUSED', error.message);
  if (error instanceof errors.StripeCardError || error instanceof errors.StripeInvalidRequestError) return null;
  throw error;
}

/** A charge that failed: unknown, or refused by the card (402) or for what was asked (400). */
export function failedCharge(error: unknown): Declined | Unknown {
  const open = unknownOutcomeOf(error);
  if (open) return open;
  const refusal = error as Stripe.errors.StripeError;
  const gatewayReferenceId = idOf(refusal.payment_intent);
  if (refusal.code === 'resource_missing' && refusal.param === 'payment_method') {
    // In our words: Stripe's repeat the token, and the message goes to people and streams (invariant 10).
    const unknownMethod = { code: refusal.code, message: 'Stripe does not know this payment method.' };
    return { ...declined(gatewayReferenceId, unknownMethod), failureReason: 'invalid_payment_method' };
  }
  return declined(gatewayReferenceId, refusal);
}

/** A capture, void or refund that failed: unknown, or refused. */
export function failedCall(error: unknown): Refused | Unknown {
  const open = unknownOutcomeOf(error);
  if (open) return open;
  const { code, message } = error as Stripe.errors.StripeError;
  return { kind: 'refused', failureCode: code ?? 'invalid_request', failureMessage: message };
}

/** A look-up that failed: only Stripe's word that there is no such thing means that there is none. */
export function failedLookUp(error: unknown): NotFound | Unknown {
  const open = unknownOutcomeOf(error);
  if (open) return open;
  const refusal = error as Stripe.errors.StripeError;
  return refusal.code === 'resource_missing' ? { kind: 'notFound' } : unknown('server_error', refusal);
}

/** The state of the intent that a wrong-state refusal shows, if it is one: the call may already have been done. */
export function intentStateIn(error: unknown): Stripe.PaymentIntent.Status | null {
  const wrongState =
    error instanceof errors.StripeInvalidRequestError && error.code === 'payment_intent_unexpected_state';
  return wrongState ? (error.payment_intent?.status ?? null) : null;
}

const unknown = (reason: Unknown['reason'], error: Stripe.errors.StripeError): Unknown => ({
  kind: 'unknown',
  reason,
  message: error.message,
});

import Stripe from 'stripe';
import { type ProviderEvent, WebhookSignatureError } from './provider.js';
import { fromStripeAmount } from './stripeAmount.js';
import { approvalMessage, chargeOutcomeOf, declined, idOf, refundOutcomeOf } from './stripeOutcomes.js';

/**
 * Verifies a webhook of Stripe and puts it in our words; events that tell nothing about a charge or refund are `ignored`.
 * @throws WebhookSignatureError
 */
export function parseStripeWebhook(rawBody: Buffer, signature: string, secret: string): ProviderEvent {
  const event = verified(rawBody, signature, secret);
  const told = { providerEventId: event.id, occurredAt: new Date(event.created * 1000).toISOString() };
  switch (event.type) {
    case 'payment_intent.succeeded':
    case 'payment_intent.amount_capturable_updated':
    case 'payment_intent.payment_failed':
    case 'payment_intent.canceled': {
      const intent = event.data.object;
      const outcome = chargeOutcomeOf(intent);
      if (outcome.kind === 'unknown' || outcome.kind === 'notFound')
        return { ...told, kind: 'ignored', type: event.type };
      return { ...told, kind: 'charge', ...subjectOf(intent), outcome };
    }
    case 'charge.succeeded':
    case 'charge.captured':
    case 'charge.failed': {
      const charge = event.data.object;
      return { ...told, kind: 'charge', ...subjectOf(charge), outcome: outcomeOfCharge(charge) };
    }
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed': {
      const refund = event.data.object;
      const gatewayReferenceId = idOf(refund.payment_intent);
      return { ...told, kind: 'refund', ...subjectOf(refund), gatewayReferenceId, outcome: refundOutcomeOf(refund) };
    }
    default:
      return { ...told, kind: 'ignored', type: event.type };
  }
}

function verified(rawBody: Buffer, signature: string, secret: string): Stripe.Event {
  try {
    return Stripe.webhooks.constructEvent(rawBody, signature, secret);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) throw new WebhookSignatureError(error.message);
    throw error;
  }
}

function outcomeOfCharge(charge: Stripe.Charge) {
  const gatewayReferenceId = idOf(charge.payment_intent) ?? charge.id;
  if (charge.status === 'failed') {
    // A charge keeps its decline code as the reason of its outcome.
    const decline_code = charge.outcome?.reason ?? null;
    return declined(gatewayReferenceId, {
      code: charge.failure_code,
      decline_code,
      advice_code: charge.outcome?.advice_code ?? null,
      message: charge.failure_message,
    });
  }
  return {
    kind: charge.captured ? ('succeeded' as const) : ('authorized' as const),
    gatewayReferenceId,
    responseCode: charge.captured ? 'succeeded' : 'requires_capture',
    responseMessage: approvalMessage(charge.id),
  };
}

function subjectOf(
  object: Pick<Stripe.Charge | Stripe.PaymentIntent | Stripe.Refund, 'amount' | 'currency' | 'metadata'>,
) {
  const metadata = object.metadata ?? {};
  const currency = object.currency.toUpperCase();
  const amount = fromStripeAmount(object.amount, currency);
  return { effectId: metadata.effectId ?? null, metadata, amount, currency };
}

import type Stripe from 'stripe';
import type { AgreementOutcome, AgreementRequest } from './provider.js';
import { failedCall } from './stripeFailures.js';

/**
 * Ends the Stripe subscriptions that name one of ours in their metadata (domain.md 4.6, step 4). FlowMart makes none, since it
 * keeps the calendar itself; one that was made at Stripe, by hand or by a shop before us, would go on charging.
 */
export async function endStripeAgreement(
  stripe: Stripe,
  { idempotencyKey, subscriptionId, atPeriodEnd }: AgreementRequest,
): Promise<AgreementOutcome> {
  try {
    const query = `metadata['subscriptionId']:'${subscriptionId.replaceAll(/['\\]/g, '\\$&')}'`;
    const { data } = await stripe.subscriptions.search({ query, limit: 100 });
    const standing = data.filter(({ status, cancel_at_period_end: isEnding }) => {
      return status !== 'canceled' && status !== 'incomplete_expired' && !(atPeriodEnd && isEnding);
    });
    for (const { id } of standing) {
      const key = { idempotencyKey: `${idempotencyKey}-${id}` };
      if (atPeriodEnd) await stripe.subscriptions.update(id, { cancel_at_period_end: true }, key);
      else await stripe.subscriptions.cancel(id, {}, key);
    }
    return { kind: 'ended', found: standing.length };
  } catch (error) {
    return failedCall(error);
  }
}

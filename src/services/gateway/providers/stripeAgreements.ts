import type Stripe from 'stripe';
import type { AgreementOutcome, AgreementRequest, ResumptionOutcome, ResumptionRequest } from './provider.js';
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
    const standing = await standingAgreements(stripe, subscriptionId);
    const unended = standing.filter(({ cancel_at_period_end: isEnding }) => !(atPeriodEnd && isEnding));
    for (const { id } of unended) {
      const key = { idempotencyKey: `${idempotencyKey}-${id}` };
      if (atPeriodEnd) await stripe.subscriptions.update(id, { cancel_at_period_end: true }, key);
      else await stripe.subscriptions.cancel(id, {}, key);
    }
    return { kind: 'ended', found: unended.length };
  } catch (error) {
    return failedCall(error);
  }
}

/** Lets the Stripe subscriptions go on that end with their period and name one of ours (S-25); one that is over stays so. */
export async function resumeStripeAgreement(
  stripe: Stripe,
  { idempotencyKey, subscriptionId }: ResumptionRequest,
): Promise<ResumptionOutcome> {
  try {
    const standing = await standingAgreements(stripe, subscriptionId);
    const ending = standing.filter(({ cancel_at_period_end: isEnding }) => isEnding);
    for (const { id } of ending) {
      const key = { idempotencyKey: `${idempotencyKey}-${id}` };
      await stripe.subscriptions.update(id, { cancel_at_period_end: false }, key);
    }
    return { kind: 'resumed', found: ending.length };
  } catch (error) {
    return failedCall(error);
  }
}

/** The agreements that are not over; each is read by itself, because what a search shows may be a minute old. */
async function standingAgreements(stripe: Stripe, subscriptionId: string): Promise<Stripe.Subscription[]> {
  const query = `metadata['subscriptionId']:'${subscriptionId.replaceAll(/['\\]/g, '\\$&')}'`;
  const { data } = await stripe.subscriptions.search({ query, limit: 100 });
  const found = await Promise.all(data.map(({ id }) => stripe.subscriptions.retrieve(id)));
  return found.filter(({ status }) => status !== 'canceled' && status !== 'incomplete_expired');
}

import type { TrialClaim } from '../../machines/subscription/plan.messages.js';
import type { Terms } from '../../machines/subscription/subscription.values.js';
import { type CommandPort, send } from './command.js';
import { authorise } from './principal.js';
import { problem } from './problem.js';
import type { Call } from './route.js';
import type { SubscribeBody } from './subscribeSchemas.js';

type SubscribeCall = Call<unknown, unknown, SubscribeBody>;

/**
 * The days of a trial: as many as the plan gives, once to each customer, or fewer at their wish; what is more, staff must wish
 * for. The trial is the request's from then on.
 * @param offered the terms, and the days that the plan gives
 * @throws HttpProblem FORBIDDEN, and UNAVAILABLE while nobody knows whether another request begins the trial
 */
export async function trialDaysOf(
  port: CommandPort,
  call: SubscribeCall,
  { terms, trialDays }: { readonly terms: Terms; readonly trialDays: number },
): Promise<number> {
  const { trialPeriodDays: wish } = call.body;
  const wanted = wish ?? trialDays;
  if (wanted > trialDays) authorise(call.principal, 'subscriptions:staff');
  if (wanted === 0 || (await isFirst(port, call, terms))) return wanted;
  if (wish === undefined) return 0;
  authorise(call.principal, 'subscriptions:staff');
  return wish;
}

async function isFirst(port: CommandPort, call: SubscribeCall, terms: Terms): Promise<boolean> {
  if (terms.kind !== 'plan') return false;
  const { customerId } = call.body;
  const wish = { customerId, planId: terms.plan.planId, subscriptionId: call.resourceId };
  const claim = (await send(port, call, customerId, 'ClaimTrial', wish)).answer as TrialClaim;
  if (claim !== 'claimed') return claim === 'free';
  const detail = 'Another request is just beginning the trial of this plan; send this one again in a moment.';
  throw problem('UNAVAILABLE', detail, {}, { 'Retry-After': '1' });
}

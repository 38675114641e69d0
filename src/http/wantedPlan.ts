import type { Kysely } from 'kysely';
import { planOf } from '../../machines/subscription/subscription.context.js';
import type { Plan } from '../../machines/subscription/subscription.values.js';
import type { Database } from '../db/tables.js';
import { planOnOffer } from './plans.js';
import { problem } from './problem.js';
import type { StoredSubscription } from './subscriptionViews.js';

/**
 * Looks up the plan that a subscriber wants to move to; their present one may be retired by now.
 * @throws HttpProblem UNKNOWN_PLAN, PLAN_RETIRED, UNSUPPORTED_CURRENCY
 */
export async function wantedPlan(db: Kysely<Database>, { context }: StoredSubscription, planId: string): Promise<Plan> {
  const present = planOf(context);
  if (present?.planId === planId) return present;
  const { plan } = await planOnOffer(db, planId);
  if (present && plan.price.currency !== present.price.currency) {
    const detail = `The subscription is in ${present.price.currency}, ${plan.name} in ${plan.price.currency}.`;
    throw problem('UNSUPPORTED_CURRENCY', detail);
  }
  return plan;
}

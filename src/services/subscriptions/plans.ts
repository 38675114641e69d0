import { sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import { smallestSubtotal } from '../../../machines/shared/smallestCharge.js';
import { taxRateOf } from '../../../machines/shared/taxRates.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { bigints, instants, ints, texts, uuids } from '../../db/arrays.js';
import { DomainError } from '../../runtime/errors.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import { plansByIds } from './queries.js';

type PlanMessage = FlowmartReceived<MessagesFor<'plans'>>;
type CreatePlan = FlowmartReceived<'CreatePlan'>;

/**
 * The plans that are for sale. Asking for the same thing again changes nothing; every answer is the plan as it is then
 * (PlanView). A plan is refused where nobody knows the tax (UNSUPPORTED_COUNTRY) and when its price is less than can be charged
 * (PRICE_TOO_SMALL), and nothing is known of one that is not there (UNKNOWN_PLAN).
 */
export const plans: Handler<MessagesFor<'plans'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly PlanMessage[]): Promise<Handled[]> {
    const refusals = new Map(messages.map((message) => [message, refusalOf(message)]));
    const taken = messages.filter((message) => !refusals.get(message));
    await createPlans(
      trx,
      taken.filter((message) => message.type === 'CreatePlan'),
    );
    await retirePlans(
      trx,
      taken.filter((message) => message.type === 'RetirePlan'),
    );
    const known = await plansByIds(trx, [...new Set(messages.map(({ data }) => data.planId))]);
    return messages.map((message): Handled => {
      const refuse = refusals.get(message);
      if (refuse) return { refuse };
      const plan = known.get(message.data.planId);
      return plan ? { answer: plan } : { refuse: new DomainError('UNKNOWN_PLAN', 'There is no such plan.') };
    });
  },
};

function refusalOf(message: PlanMessage): DomainError | null {
  if (message.type !== 'CreatePlan') return null;
  const { taxRegion, price } = message.data;
  const taxRate = taxRateOf(taxRegion);
  if (taxRate === null) return new DomainError('UNSUPPORTED_COUNTRY', `FlowMart does not sell in ${taxRegion}.`);
  const least = smallestSubtotal(price.currency, taxRate);
  if (price.amount >= least) return null;
  // It would be waived each time: free of charge, and nobody had meant it to be.
  return new DomainError(
    'PRICE_TOO_SMALL',
    `Less than ${least} (minor units of ${price.currency}, before tax) cannot be charged in ${taxRegion}.`,
  );
}

async function createPlans(trx: Trx, messages: readonly CreatePlan[]): Promise<void> {
  if (messages.length === 0) return;
  const plan = messages.map(({ data }) => data);
  await sql`/* prepared */
    insert into subscriptions.plans (plan_id, name, price_minor, currency, billing_cycle, interval_count, trial_days, tax_region, usage_unit,
      usage_allowance, created_at)
    select * from unnest(${uuids(plan.map((p) => p.planId))}, ${texts(plan.map((p) => p.name))},
      ${bigints(plan.map((p) => p.price.amount))}, ${texts(plan.map((p) => p.price.currency))},
      ${texts(plan.map((p) => p.billingCycle))}, ${ints(plan.map((p) => p.intervalCount))}, ${ints(plan.map((p) => p.trialDays))},
      ${texts(plan.map((p) => p.taxRegion))}, ${texts(plan.map((p) => p.usage?.unit ?? null))},
      ${bigints(plan.map((p) => p.usage?.allowance ?? null))}, ${instants(messages.map(({ at }) => at))}) order by 1
    on conflict (plan_id) do nothing`.execute(trx);
}

async function retirePlans(trx: Trx, messages: readonly FlowmartReceived<'RetirePlan'>[]): Promise<void> {
  if (messages.length === 0) return;
  await sql`/* prepared */
    update subscriptions.plans p set retired_at = r.at
    from unnest(${uuids(messages.map(({ data }) => data.planId))}, ${instants(messages.map(({ at }) => at))}) as r(plan_id, at)
    where p.plan_id = r.plan_id and p.retired_at is null`.execute(trx);
}

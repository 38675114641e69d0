import { sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import { days, msBetween } from '../../../machines/shared/instants.js';
import { bigints, ints, texts, uuids } from '../../db/arrays.js';
import type { Handled, Trx } from '../../runtime/ports.js';
import { lookBackFrom, useSince } from './queries.js';

type Question = FlowmartReceived<'AnalyseUsage'>;
type Suggestion = FlowmartReceived<'UpgradeSuggested'>['data'];

/** From which share of its allowance on a plan is getting small (percent): one period that is a quarter busier uses it up. */
const SMALL_FROM_PERCENT = 80;

/**
 * Suggests a larger plan to those who will use most of their allowance, or more, at the pace of the last 90 days (S-08, R-62):
 * the cheapest one that they can move to. The same plan is suggested to a subscription once.
 */
export async function suggestUpgrades(trx: Trx, questions: readonly Question[]): Promise<Handled[]> {
  if (questions.length === 0) return [];
  const asked = questions.map(({ at, data }) => {
    const { subscriptionId, plan } = data;
    return { subscriptionId, unit: plan.usage.unit, since: lookBackFrom(at) };
  });
  const used = await useSince(trx, asked);
  const expected = questions.map((question, index) => expectedUse(question, used[index] as number));
  const isSmall = ({ data: { plan } }: Question, index: number) =>
    (expected[index] as number) * 100 >= plan.usage.allowance * SMALL_FROM_PERCENT;
  const fitting = await findLarger(trx, questions.filter(isSmall));
  const fresh = await keepNew(trx, fitting);
  return questions.map((question, index) => {
    const suggested = fresh.get(question.data.subscriptionId);
    if (!suggested) return {};
    fresh.delete(question.data.subscriptionId);
    const { subscriptionId, customerId, period, plan } = question.data;
    const { unit, allowance } = plan.usage;
    const data: Suggestion = {
      ...{ subscriptionId, customerId, period, unit, suggested },
      plan: { planId: plan.planId, name: plan.name, allowance },
      used: used[index] as number,
      expected: expected[index] as number,
    };
    return { emit: [{ type: 'UpgradeSuggested', data }] };
  });
}

/** What a period takes at the pace of the look-back, which begins with the subscription if that is younger; whole units, exactly. */
function expectedUse({ at, data: { period, since } }: Question, used: number): number {
  const from = [lookBackFrom(at), since].reduce((a, b) => (Date.parse(a) > Date.parse(b) ? a : b));
  const observed = Math.max(days(1), msBetween(from, at));
  const expected = (BigInt(used) * BigInt(msBetween(period.start, period.end))) / BigInt(observed);
  return Math.min(Number(expected), Number.MAX_SAFE_INTEGER);
}

type Larger = Suggestion['suggested'] & { readonly subscriptionId: string };

/** The cheapest larger plan for each subscription that there is one for; of the same rhythm, since an allowance is for a period. */
async function findLarger(trx: Trx, questions: readonly Question[]): Promise<Larger[]> {
  if (questions.length === 0) return [];
  const plans = questions.map(({ data }) => data.plan);
  const { rows } = await sql<{
    subscription_id: string;
    plan_id: string;
    name: string;
    price_minor: string;
    currency: string;
    usage_allowance: string;
  }>`/* prepared */
    select distinct on (q.subscription_id) q.subscription_id, p.plan_id, p.name, p.price_minor, p.currency, p.usage_allowance
    from unnest(${uuids(questions.map(({ data }) => data.subscriptionId))}, ${texts(plans.map((p) => p.price.currency))},
      ${texts(plans.map((p) => p.taxRegion))}, ${texts(plans.map((p) => p.billingCycle))}, ${ints(plans.map((p) => p.intervalCount))},
      ${texts(plans.map((p) => p.usage.unit))}, ${bigints(plans.map((p) => p.usage.allowance))})
      as q(subscription_id, currency, tax_region, billing_cycle, interval_count, unit, allowance)
    join subscriptions.plans p on p.currency = q.currency and p.tax_region = q.tax_region and p.usage_unit = q.unit
      and p.billing_cycle = q.billing_cycle and p.interval_count = q.interval_count
      and p.usage_allowance > q.allowance and p.retired_at is null
    order by q.subscription_id, p.price_minor, p.usage_allowance desc, p.plan_id`.execute(trx);
  return rows.map((row) => ({
    subscriptionId: row.subscription_id,
    planId: row.plan_id,
    name: row.name,
    allowance: Number(row.usage_allowance),
    price: { amount: Number(row.price_minor), currency: row.currency },
  }));
}

/** Notes which plans are suggested, and answers those that were not before, by subscription. */
async function keepNew(trx: Trx, found: readonly Larger[]): Promise<Map<string, Suggestion['suggested']>> {
  if (found.length === 0) return new Map();
  const { rows } = await sql<{ subscription_id: string }>`/* prepared */
    insert into subscriptions.suggested_upgrades (subscription_id, plan_id)
    select * from unnest(${uuids(found.map((f) => f.subscriptionId))}, ${uuids(found.map((f) => f.planId))}) order by 1, 2
    on conflict do nothing returning subscription_id`.execute(trx);
  const fresh = new Set(rows.map((row) => row.subscription_id));
  return new Map(
    found.flatMap(({ subscriptionId, ...plan }) => (fresh.has(subscriptionId) ? [[subscriptionId, plan]] : [])),
  );
}

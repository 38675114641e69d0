import { type Kysely, type Selectable, sql } from 'kysely';
import { type BillingCycle, dateOf } from '../../../machines/shared/calendar.js';
import { days, later } from '../../../machines/shared/instants.js';
import type { Money } from '../../../machines/shared/values.js';
import { instants, texts, uuids } from '../../db/arrays.js';
import type { PlansTable } from '../../db/tables/subscriptions.js';
import type { Database } from '../../db/tables.js';

/** A plan as people see it; the price is before tax, for one cycle. */
export interface PlanView {
  readonly planId: string;
  readonly name: string;
  readonly price: Money;
  readonly billingCycle: BillingCycle;
  readonly intervalCount: number;
  readonly trialDays: number;
  readonly taxRegion: string;
  /** What a period allows; null where nothing is counted. */
  readonly usage: { readonly unit: string; readonly allowance: number } | null;
  readonly status: 'active' | 'retired';
  /** With microseconds, for cursors. */
  readonly createdAt: string;
  readonly retiredAt: string | null;
}

type PlanRow = Omit<Selectable<PlansTable>, 'created_at'> & { readonly created_exactly: string };

const planRows = sql`
  select plan_id, name, price_minor, currency, billing_cycle, interval_count, trial_days, tax_region, usage_unit, usage_allowance, retired_at,
    to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_exactly
  from subscriptions.plans`;

/** Reads plans by id, retired ones too; ids that no plan has are left out. */
export async function plansByIds(db: Kysely<Database>, planIds: readonly string[]): Promise<Map<string, PlanView>> {
  const { rows } = await sql<PlanRow>`/* prepared */ ${planRows} where plan_id = any(${uuids(planIds)})`.execute(db);
  return new Map(rows.map((row) => [row.plan_id, toPlan(row)]));
}

/** Lists plans, newest first; without the retired ones unless they are asked for. */
export async function listPlans(
  db: Kysely<Database>,
  options: {
    readonly limit: number;
    readonly after?: { readonly createdAt: string; readonly id: string } | undefined;
    readonly withRetired?: boolean;
  },
): Promise<PlanView[]> {
  const { limit, after, withRetired = false } = options;
  const { rows } = await sql<PlanRow>`${planRows}
    where (${withRetired} or retired_at is null)
      and (${after?.createdAt ?? null}::timestamptz is null
        or (created_at, plan_id) < (${after?.createdAt ?? null}::timestamptz, ${after?.id ?? null}::uuid))
    order by created_at desc, plan_id desc limit ${limit}`.execute(db);
  return rows.map(toPlan);
}

const toPlan = (row: PlanRow): PlanView => ({
  planId: row.plan_id,
  name: row.name,
  price: { amount: Number(row.price_minor), currency: row.currency },
  billingCycle: row.billing_cycle,
  intervalCount: row.interval_count,
  trialDays: row.trial_days,
  taxRegion: row.tax_region,
  usage: row.usage_unit === null ? null : { unit: row.usage_unit, allowance: Number(row.usage_allowance) },
  status: row.retired_at === null ? 'active' : 'retired',
  createdAt: row.created_exactly,
  retiredAt: row.retired_at?.toISOString() ?? null,
});

/** How far back use is looked at, and how late it may be reported. */
export const LOOK_BACK_DAYS = 90;

/** When the look-back of an instant begins. */
export const lookBackFrom = (at: string): string => later(at, -days(LOOK_BACK_DAYS));

/** The beginning of an instant’s day (UTC), by which use is counted. */
export const dayOf = (instant: string): string => `${dateOf(instant)}T00:00:00.000Z`;

/** Reads how much each of these subscriptions has used of a unit since an instant; the whole day (UTC) of that instant counts. */
export async function useSince(
  db: Kysely<Database>,
  asked: readonly { readonly subscriptionId: string; readonly unit: string; readonly since: string }[],
): Promise<number[]> {
  const { rows } = await sql<{ used: string }>`/* prepared */
    select coalesce(sum(u.quantity), 0) as used
    from unnest(${uuids(asked.map((a) => a.subscriptionId))}, ${texts(asked.map((a) => a.unit))},
      ${instants(asked.map((a) => dayOf(a.since)))}) with ordinality as a(subscription_id, unit, since, place)
    left join subscriptions.usage u on u.subscription_id = a.subscription_id and u.unit = a.unit and u.day >= a.since
    group by a.place order by a.place`.execute(db);
  return rows.map(({ used }) => Math.min(Number(used), Number.MAX_SAFE_INTEGER));
}

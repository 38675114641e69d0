import { type Kysely, type Selectable, sql } from 'kysely';
import type { BillingCycle } from '../../../machines/shared/calendar.js';
import type { Money } from '../../../machines/shared/values.js';
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
  readonly status: 'active' | 'retired';
  /** With microseconds, for cursors. */
  readonly createdAt: string;
  readonly retiredAt: string | null;
}

type PlanRow = Omit<Selectable<PlansTable>, 'created_at'> & { readonly created_exactly: string };

const planRows = sql`
  select plan_id, name, price_minor, currency, billing_cycle, interval_count, trial_days, tax_region, retired_at,
    to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_exactly
  from subscriptions.plans`;

/** Reads plans by id, retired ones too; ids that no plan has are left out. */
export async function plansByIds(db: Kysely<Database>, planIds: readonly string[]): Promise<Map<string, PlanView>> {
  const { rows } = await sql<PlanRow>`/* prepared */ ${planRows} where plan_id = any(${planIds}::uuid[])`.execute(db);
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
  status: row.retired_at === null ? 'active' : 'retired',
  createdAt: row.created_exactly,
  retiredAt: row.retired_at?.toISOString() ?? null,
});

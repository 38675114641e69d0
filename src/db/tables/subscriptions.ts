import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { BillingCycle } from '../../../machines/shared/calendar.js';
import type { ActorRow } from '../tables.js';

type Bigint = ColumnType<string, string | number | bigint, never>;
type Instant = ColumnType<Date | null, Date | string | null, Date | string | null>;

/** The plans that are, or were, for sale; the price is before tax, for one cycle, in minor units of `currency`. */
export interface PlansTable {
  plan_id: string;
  name: string;
  price_minor: Bigint;
  currency: string;
  billing_cycle: BillingCycle;
  interval_count: number;
  trial_days: number;
  tax_region: string;
  /** What is counted, and how much of it a period allows; both null where nothing is. */
  usage_unit: string | null;
  usage_allowance: ColumnType<string | null, string | number | null, never>;
  created_at: Generated<Date>;
  /** Null while the plan can be taken. */
  retired_at: Instant;
}

/** The subscriptions: all but the runtime’s columns follow from state and snapshot. */
export interface SubscriptionsTable extends ActorRow {
  customer_id: GeneratedAlways<string>;
  kind: GeneratedAlways<'plan' | 'delivery'>;
  /** Null for a delivery. */
  plan_id: GeneratedAlways<string | null>;
  status: GeneratedAlways<
    'PENDING' | 'TRIAL' | 'ACTIVE' | 'PAST_DUE' | 'SUSPENDED' | 'PAUSED' | 'CANCELLED' | 'EXPIRED'
  >;
  /** The running period, UTC ISO 8601; null before the first one. */
  period_start: GeneratedAlways<string | null>;
  period_end: GeneratedAlways<string | null>;
  /** Since when it gives access; null before. */
  started_at: GeneratedAlways<string | null>;
  /** When it ends because somebody wants that; null while nobody does. */
  cancels_at: GeneratedAlways<string | null>;
  /** When access ended or will end; null while it goes on. */
  ends_at: GeneratedAlways<string | null>;
}

/** Who has had the trial of a plan, and with which subscription. */
export interface TrialsTable {
  customer_id: string;
  plan_id: string;
  subscription_id: string;
  claimed_at: Generated<Date>;
}

/** What a subscription used on one day (UTC), by what was counted. */
export interface UsageTable {
  subscription_id: string;
  unit: string;
  /** Its beginning. */
  day: Date;
  quantity: Bigint;
}

/** The reports of use that are counted. */
export interface UsageReportsTable {
  report_id: string;
  counted_at: Generated<Date>;
}

/** Which larger plans were suggested to which subscription. */
export interface SuggestedUpgradesTable {
  subscription_id: string;
  plan_id: string;
  suggested_at: Generated<Date>;
}

declare module '../tables.js' {
  interface Database {
    'subscriptions.plans': PlansTable;
    'subscriptions.subscriptions': SubscriptionsTable;
    'subscriptions.trials': TrialsTable;
    'subscriptions.usage': UsageTable;
    'subscriptions.usage_reports': UsageReportsTable;
    'subscriptions.suggested_upgrades': SuggestedUpgradesTable;
  }
}

import { type Kysely, sql } from 'kysely';
import { days, later } from '../../../machines/shared/instants.js';
import type { Allowance } from '../../../machines/subscription/subscription.values.js';
import type { Database } from '../../../src/db/tables.js';
import type { Handled } from '../../../src/runtime/ports.js';
import { usage } from '../../../src/services/subscriptions/usage.js';
import { storeActor } from '../../db/storeActor.js';
import { at, id, message } from '../../machines/given.js';
import { current, customerId, type onPlan, pro } from '../../machines/subscriptionStory.js';

/** The instant so many days before the beginning of all stories of handlers. */
export const ago = (number: number): string => later(at(), -days(number));

export const calls = (allowance: number): Allowance => ({ unit: 'API calls', allowance });

/** A plan with an allowance, by its name. */
export const counted = (name: string, allowance: number, amount = pro.price.amount) => ({
  ...pro,
  planId: id(`plan ${name}`),
  name,
  price: { amount, currency: 'USD' },
  usage: calls(allowance),
});
export type Counted = ReturnType<typeof counted>;

/** The desk where use is counted, and what is kept there. */
export class Counter {
  constructor(readonly db: Kysely<Database>) {}

  async offer({ planId, name, price, billingCycle, intervalCount, taxRegion, usage: allowed }: Counted): Promise<void> {
    await sql`
      insert into subscriptions.plans (plan_id, name, price_minor, currency, billing_cycle, interval_count, trial_days, tax_region,
        usage_unit, usage_allowance)
      values (${planId}, ${name}, ${price.amount}, ${price.currency}, ${billingCycle}, ${intervalCount}, 0, ${taxRegion},
        ${allowed.unit}, ${allowed.allowance})`.execute(this.db);
  }

  /** A subscription to a plan since an instant, in a state; answers its id. */
  async subscribed(
    name: string,
    terms: ReturnType<typeof onPlan>,
    since: string | null = ago(200),
    state?: string,
  ): Promise<string> {
    const { context, state: running } = current();
    const subscriptionId = id(name);
    await storeActor(this.db, 'subscriptions.subscriptions', subscriptionId, {
      state: state ?? running,
      context: { ...context, subscriptionId, terms, startedAt: since },
    });
    return subscriptionId;
  }

  /** What comes of messages that are handled together. */
  tell(...messages: Parameters<typeof usage.handle>[1]): Promise<readonly Handled[]> {
    return this.db.transaction().execute((trx) => usage.handle(trx, messages));
  }

  /** What is counted for a subscription, day by day. */
  async counted(subscriptionId: string): Promise<string[]> {
    const { rows } = await sql<{ text: string }>`
      select to_char(day at time zone 'utc', 'YYYY-MM-DD') || ' ' || quantity || ' ' || unit as text from subscriptions.usage
      where subscription_id = ${subscriptionId} order by 1`.execute(this.db);
    return rows.map(({ text }) => text);
  }
}

export const report = (subscriptionId: string, quantity: number, when: string | null = null) =>
  message('ReportUsage', { subscriptionId, customerId, quantity, at: when });

import { sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import type { TrialClaim } from '../../../machines/subscription/plan.messages.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { uuids } from '../../db/arrays.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';

type ClaimTrial = FlowmartReceived<MessagesFor<'trials'>>;

/** How long a claim stands whose subscription has not begun (ms, of real time): longer than its request may take. */
const CLAIM_MS = 60_000;

/**
 * Gives the trial of a plan to a customer once, whatever comes at the same time, and answers a TrialClaim. Asking again
 * for the same subscription answers the same; a claim whose request has died is free after a minute.
 */
export const trials: Handler<MessagesFor<'trials'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly ClaimTrial[]): Promise<Handled[]> {
    const first = [...new Map([...messages].reverse().map((message) => [keyOf(message.data), message.data])).values()];
    const keys = sql`${uuids(first.map((c) => c.customerId))}, ${uuids(first.map((c) => c.planId))}`;
    await sql`/* prepared */
      insert into subscriptions.trials as held (customer_id, plan_id, subscription_id)
      select * from unnest(${keys}, ${uuids(first.map((c) => c.subscriptionId))}) order by 1, 2
      on conflict (customer_id, plan_id) do update set subscription_id = excluded.subscription_id, claimed_at = now()
      where held.claimed_at < now() - ${CLAIM_MS}::int * interval '1 millisecond'
        and not exists (select from subscriptions.subscriptions s where s.id = held.subscription_id)`.execute(trx);
    const { rows } = await sql<{ customer_id: string; plan_id: string; subscription_id: string; has_begun: boolean }>`
      /* prepared */ select t.customer_id, t.plan_id, t.subscription_id,
        exists (select from subscriptions.subscriptions s where s.id = t.subscription_id) as has_begun
      from subscriptions.trials t join unnest(${keys}) as k(customer_id, plan_id) using (customer_id, plan_id)`.execute(
      trx,
    );
    const held = new Map(rows.map((row) => [keyOf({ customerId: row.customer_id, planId: row.plan_id }), row]));
    return messages.map(({ data }): { answer: TrialClaim } => {
      const holder = held.get(keyOf(data));
      if (holder?.subscription_id === data.subscriptionId) return { answer: 'free' };
      return { answer: holder?.has_begun ? 'taken' : 'claimed' };
    });
  },
};

const keyOf = ({ customerId, planId }: { readonly customerId: string; readonly planId: string }): string =>
  `${customerId} ${planId}`;

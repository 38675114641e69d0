import type { Completed } from './load.js';
import { percentiles } from './measure.js';
import type { Stage } from './stage.js';

/** p99 of the four promises over the orders of one run, ms. */
export interface Promises {
  readonly orderP99: number;
  readonly paymentP99: number;
  readonly stockP99: number;
  readonly notificationP99: number;
}

/** What is promised, ms. */
export const promised: Promises = { orderP99: 2_000, paymentP99: 3_000, stockP99: 1_000, notificationP99: 30_000 };

/**
 * Reads how the promises were kept: order (sent → paid) and payment (initiated → paid) as the outside hears of them; stock (movement →
 * the order knows it) and notification (event → taken by the mail server, or stored where it is read) from what was stored. One that has not left
 * counts as if it left now.
 */
export async function readPromises(stage: Stage, sent: readonly Completed[]): Promise<Promises> {
  const ids = sent.map(({ orderId }) => orderId);
  const spans = async (text: string): Promise<number[]> =>
    (await stage.sql.query<{ ms: number }>(text, [ids])).rows.map((row) => Number(row.ms));
  const between = (from: (order: Completed) => number | undefined) =>
    sent.map((order) => (order.heard.paid ?? Number.NaN) - (from(order) ?? Number.NaN));
  const stock = await spans(
    `select extract(epoch from min(heard.at) filter (where heard.recipient = 'order') - min(heard.at) filter (where heard.recipient = 'stock')) * 1000 as ms
     from runtime.journal heard
     where (heard.recipient = 'order' and heard.type = 'InventoryAdjusted' or heard.recipient = 'stock' and heard.type = 'AllocateStock') and heard.actor_id = any($1)
     group by heard.actor_id`,
  );
  const notifications = await spans(
    `with mine as (select unnest($1::text[])::uuid as order_id),
     subjects as (
       select order_id as id from mine
       union all select p.id from payments.payments p join mine using (order_id)
       union all select s.id from shipping.shipments s join mine using (order_id)),
     told as (select e.id, e.time from runtime.event_log e join subjects s on e.subject = s.id)
     select extract(epoch from coalesce(greatest(n.sent_at, n.created_at), clock_timestamp()) - coalesce(t.time, n.queued_at)) * 1000 as ms
     from notifications.notifications n left join told t on t.id = n.source_event_id
     where n.data ->> 'orderId' = any($1::text[])`,
  );
  return {
    orderP99: percentiles(between(({ sentAt }) => sentAt)).p99,
    paymentP99: percentiles(between(({ heard }) => heard.initiated)).p99,
    stockP99: percentiles(stock).p99,
    notificationP99: percentiles(notifications).p99,
  };
}

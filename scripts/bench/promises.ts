import { percentiles } from './measure.js';
import type { Stage } from './stage.js';

/** p99 of the four promises over the orders of one run, ms. */
export interface Promises {
  readonly orderP99: number;
  readonly paymentP99: number;
  readonly stockP99: number;
  readonly notificationP99: number;
}

/**
 * Reads how the promises were kept from what was stored: order (sent → paid), payment (PaymentInitiated → PaymentProcessed),
 * stock (movement → the order knows it), notification (event → sent).
 */
export async function readPromises(stage: Stage, sentAt: ReadonlyMap<string, number>): Promise<Promises> {
  const ids = [...sentAt.keys()];
  const orders = await stage.sql.query<{ actor_id: string; at: Date }>(
    `select actor_id, min(at) as at from runtime.journal where recipient = 'order' and actor_id = any($1) and state_after = 'paid' group by 1`,
    [ids],
  );
  const spans = async (text: string): Promise<number[]> =>
    (await stage.sql.query<{ ms: number }>(text, [ids])).rows.map((row) => Number(row.ms));
  const payments = await spans(
    `select extract(epoch from max(p.at) filter (where p.type = 'ChargeSucceeded') - min(p.at) filter (where p.type = 'OpenPayment')) * 1000 as ms
     from runtime.journal p where p.recipient = 'payment'
       and p.correlation_id in (select correlation_id from runtime.journal where recipient = 'order' and actor_id = any($1) and type = 'PlaceOrder')
     group by p.actor_id`,
  );
  const stock = await spans(
    `select extract(epoch from min(heard.at) filter (where heard.recipient = 'order') - min(heard.at) filter (where heard.recipient = 'stock')) * 1000 as ms
     from runtime.journal heard
     where (heard.recipient = 'order' and heard.type = 'InventoryAdjusted' or heard.recipient = 'stock' and heard.type = 'AllocateStock') and heard.actor_id = any($1)
     group by heard.actor_id`,
  );
  const notifications = await spans(
    `select extract(epoch from n.sent_at - n.queued_at) * 1000 as ms from notifications.notifications n
     where n.sent_at is not null and n.data ->> 'orderId' = any($1::text[])`,
  );
  return {
    orderP99: percentiles(orders.rows.map((row) => row.at.getTime() - (sentAt.get(row.actor_id) ?? Number.NaN))).p99,
    paymentP99: percentiles(payments).p99,
    stockP99: percentiles(stock).p99,
    notificationP99: percentiles(notifications).p99,
  };
}

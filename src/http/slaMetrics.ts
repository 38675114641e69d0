import { type Kysely, sql } from 'kysely';
import { Histogram } from 'prom-client';
import type { Database } from '../db/tables.js';
import '../db/tables/notifications.js';
import type { Metrics } from './metrics.js';

/** How many measurements one collection takes at most; under a heavy load the newest stand for all. */
const sample = 5_000;

/**
 * Measures the promises that are kept outside HTTP (domain.md 10.1), from what happened since the last collection: payments
 * stock and notifications, all in real time. Each web process sees all of them, so compare quantiles, not counts.
 */
export function addSlaMetrics(metrics: Metrics, db: Kysely<Database>): void {
  const registers = [metrics.registry];
  const payments = new Histogram({
    name: 'payment_processing_latency_seconds',
    help: 'From PaymentInitiated to the outcome of the first charge, payments that a person reviewed left out (promise: below 3 s).',
    buckets: [0.05, 0.1, 0.25, 0.5, 0.8, 1.5, 3, 8, 30],
    registers,
  });
  const stock = new Histogram({
    name: 'inventory_projection_lag_seconds',
    help: 'From a movement of stock until its order knows of it (promise: below 1 s).',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.4, 1, 5],
    registers,
  });
  const notifications = new Histogram({
    name: 'notification_delivery_latency_seconds',
    help: 'From the recording of a notification until its provider took it (promise: below 30 s); who reads in the app has it at once.',
    labelNames: ['channel', 'priority'],
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300],
    registers,
  });
  // Stock is looked at one collection later than it moved, so that what is stuck shows as slow instead of not at all.
  let windows: { before: string; from: string; at: Date } | undefined;
  metrics.collect(async () => {
    const { rows } = await sql<{ xid: string; at: Date }>`
      select pg_snapshot_xmin(pg_current_snapshot())::text as xid, clock_timestamp() as at`.execute(db);
    const { xid, at } = rows[0] as { xid: string; at: Date };
    const { before, from, at: since } = windows ?? { before: xid, from: xid, at };
    const [paid, moved, told] = await Promise.all([
      readPayments(db, from, xid),
      readStock(db, before, from),
      readNotifications(db, since, at),
    ]);
    windows = { before: from, from: xid, at };
    for (const { seconds } of paid) payments.observe(seconds);
    for (const { seconds } of moved) stock.observe(seconds);
    for (const { seconds, channel, priority } of told) notifications.observe({ channel, priority }, seconds);
  }, 5_000);
}

interface Measured {
  readonly seconds: number;
}

async function readPayments(db: Kysely<Database>, from: string, to: string): Promise<readonly Measured[]> {
  const { rows } = await sql<Measured>`
    with settled as (
      select subject, time from runtime.event_log
      where xid >= ${from}::xid8 and xid < ${to}::xid8 and type in ('PaymentProcessed', 'PaymentFailed')
      order by xid desc limit ${sample})
    select extract(epoch from s.time - i.time)::float8 as seconds
    from settled s join runtime.event_log i on i.subject = s.subject and i.type = 'PaymentInitiated'
    left join payments.payments p on p.id = s.subject
    where p.clock_id is null and not exists (
      select from runtime.event_log e where e.subject = s.subject and e.time < s.time
        and (e.type in ('PaymentProcessed', 'PaymentFailed')
          or (e.type = 'FraudCheckCompleted' and e.data ->> 'decision' = 'MANUAL_REVIEW')))`.execute(db);
  return rows;
}

async function readStock(db: Kysely<Database>, from: string, to: string): Promise<readonly Measured[]> {
  const { rows } = await sql<Measured>`
    with moved as (
      select id, (data ->> 'orderId')::uuid as order_id, time from runtime.event_log
      where xid >= ${from}::xid8 and xid < ${to}::xid8 and type = 'InventoryAdjusted' and data ->> 'reason' = 'order_reserved'
      order by xid desc limit ${sample})
    select extract(epoch from coalesce(j.at, clock_timestamp()) - m.time)::float8 as seconds
    from moved m left join orders.orders o on o.id = m.order_id
    left join runtime.journal j on j.actor_id = m.order_id and j.recipient = 'order' and j.message_id = m.id
    where o.clock_id is null`.execute(db);
  return rows;
}

interface Told extends Measured {
  readonly channel: string;
  readonly priority: string;
}

async function readNotifications(db: Kysely<Database>, from: Date, to: Date): Promise<readonly Told[]> {
  const { rows } = await sql<Told>`
    select extract(epoch from n.sent_at - n.queued_at)::float8 as seconds, n.channel, n.priority
    from notifications.notifications n left join orders.customers c on c.customer_id = n.user_id
    where n.sent_at > ${from} and n.sent_at <= ${to} and n.channel <> 'IN_APP' and c.clock_id is null
    order by n.sent_at desc limit ${sample}`.execute(db);
  return rows;
}

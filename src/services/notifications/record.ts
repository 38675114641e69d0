import { sql } from 'kysely';
import { deriveId } from '../../../machines/shared/ids.js';
import type { Outgoing } from '../../../machines/shared/message.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { instants, jsonbs, texts, uuids } from '../../db/arrays.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import type { Cause, Notice, Reader, Template } from './notice.js';
import { tellSent } from './sent.js';
import { templates } from './templates.js';

/** What is known of a customer who is told something. */
export interface Customer extends Reader {
  readonly hasEmail: boolean;
}

/** A notice as a row: one per channel. */
export interface Row extends Notice {
  readonly id: string;
  readonly channel: 'EMAIL' | 'IN_APP';
  readonly recipient: string;
  readonly cause: Cause;
}

/** Somebody of whom nothing is known. */
export const stranger: Customer = { firstName: null, locale: null, hasEmail: false };

/**
 * Records what people are told, in the drain of the message that tells it (record 016): one row per channel, and a command to
 * send what goes by mail. What is read in the app has arrived with its row. A receipt answers its payment, which waits for it (P-16).
 */
export const notifications: Handler<MessagesFor<'notifications'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly Cause[]): Promise<Handled[]> {
    const customers = await readCustomers(trx, messages);
    const rows: Row[] = [];
    const answers = messages.map((message) => {
      const customerId = 'customerId' in message.data ? message.data.customerId : null;
      const customer = (customerId && customers.get(customerId)) || stranger;
      const own = rowsOf(message, customer);
      rows.push(...own);
      return { emit: whatFollows(message, own) };
    });
    await store(trx, rows);
    return answers;
  },
};

/** The notices that a message leads to. Pure. */
export function rowsOf(cause: Cause, customer: Customer): Row[] {
  const template = templates[cause.type] as Template<Cause['type']>;
  return [template(cause, customer) ?? []].flat().map((notice) => rowOf(notice, cause, customer));
}

function rowOf(notice: Notice, cause: Cause, customer: Customer): Row {
  const recipient =
    notice.audience === 'operations'
      ? 'operations'
      : notice.customerId
        ? `customer/${notice.customerId}`
        : `order/${notice.orderId}`;
  const channel = notice.audience === 'customer' && customer.hasEmail ? 'EMAIL' : 'IN_APP';
  // The id follows from the cause, so recording the same message twice is recording it once.
  return { id: deriveId(cause.id, `${channel}/${recipient}`), channel, recipient, cause, ...notice };
}

/** What is sent because notices were recorded. Pure. */
export const whatFollows = (cause: Cause, rows: readonly Row[]): Outgoing[] => [
  ...rows.flatMap((row) =>
    row.channel === 'IN_APP' ? tellSent(storedOf(row), { attempts: 1, sentAt: cause.at }) : sendOf(row),
  ),
  ...receiptOf(cause, rows),
];

const storedOf = (row: Row) => ({ sourceEventId: row.cause.id, queuedAt: row.cause.at, ...row });

const sendOf = ({ id, channel, priority }: Row): Outgoing => ({
  type: 'SendNotification',
  data: { notificationId: id, channel, priority },
});

function receiptOf(cause: Cause, [row]: readonly Row[]): Outgoing[] {
  if (cause.type !== 'PaymentProcessed' || !row) return [];
  return [{ type: 'ReceiptQueued', data: { paymentId: cause.data.paymentId, notificationId: row.id } }];
}

async function readCustomers(trx: Trx, messages: readonly Cause[]): Promise<Map<string, Customer>> {
  const ids = [
    ...new Set(messages.flatMap(({ data }) => ('customerId' in data && data.customerId ? [data.customerId] : []))),
  ];
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{
    customer_id: string;
    first_name: string;
    locale: string | null;
    has_email: boolean;
  }>`/* prepared */
    select customer_id, first_name, locale, email is not null as has_email
    from orders.customers where customer_id = any(${uuids(ids)})`.execute(trx);
  return new Map(
    rows.map((row) => [row.customer_id, { firstName: row.first_name, locale: row.locale, hasEmail: row.has_email }]),
  );
}

async function store(trx: Trx, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`/* prepared */
    insert into notifications.notifications (notification_id, user_id, recipient, channel, template_id, priority, title, message, data,
      source_event_id, source_type, correlation_id, queued_at, scheduled_at, delivery_status, transport, attempts, sent_at)
    select u.*, u.queued_at, case when here then 'sent' else 'queued' end, case when here then 'in-app' end, here::int, case when here then u.queued_at end
    from unnest(${uuids(rows.map((r) => r.id))}, ${uuids(rows.map((r) => r.customerId))},
      ${texts(rows.map((r) => r.recipient))}, ${texts(rows.map((r) => r.channel))}, ${texts(rows.map((r) => r.templateId))},
      ${texts(rows.map((r) => r.priority))}, ${texts(rows.map((r) => r.title))}, ${texts(rows.map((r) => r.body))},
      ${jsonbs(rows.map((r) => JSON.stringify(r.data)))}, ${uuids(rows.map((r) => r.cause.id))}, ${texts(rows.map((r) => r.cause.type))},
      ${uuids(rows.map((r) => r.cause.correlationId))}, ${instants(rows.map((r) => r.cause.at))})
      as u(id, user_id, recipient, channel, template_id, priority, title, message, data, source_event_id, source_type, correlation_id, queued_at)
      cross join lateral (select u.channel = 'IN_APP' as here) h
    on conflict (notification_id) do nothing`.execute(trx);
}

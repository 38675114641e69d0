import { sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { instants, ints, texts, uuids } from '../../db/arrays.js';
import type { Effect, EffectOutcome, Trx } from '../../runtime/ports.js';
import { tellSent } from './sent.js';
import type { MailTransport } from './transports.js';

type Command = FlowmartReceived<MessagesFor<'delivery'>>;

/** Pauses before the second and the third try (ms); after that a notification is given up. */
const pausesMs = [1_000, 5_000];

/** A stored notification with the address it goes to. */
interface Letter {
  readonly customerId: string | null;
  readonly templateId: string;
  readonly sourceEventId: string;
  readonly queuedAt: Date;
  readonly title: string;
  readonly message: string;
  readonly email: string | null;
  /** The ids that it speaks of. */
  readonly data: { readonly [name: string]: string };
}

/** What became of a notification, for its row. */
interface Record {
  readonly status: 'sent' | 'dead';
  readonly transport: string;
  readonly providerMessageId: string | null;
  readonly attempts: number;
  readonly error: string | null;
  readonly sentAt: string | null;
}

/**
 * Delivers stored notifications that leave the house. Mail has no way to ask whether it arrived, so a run that was cut off sends again under the same
 * Message-ID: better a mail that a receiver can tell is a copy than none.
 */
export function createDelivery({ mail }: { mail: MailTransport }): Effect<MessagesFor<'delivery'>> {
  return {
    kind: 'effect',
    leaseMs: 30_000,
    prepare: (trx, messages) => readLetters(trx, messages as readonly Command[]),
    async run(message, run, prepared): Promise<EffectOutcome> {
      const { data } = message as Command;
      const letter = prepared as Letter | null;
      // Nothing is stored under this id: there is nothing to send and nothing to say.
      if (!letter) return { kind: 'done', emit: [] };
      const end = (record: Omit<Record, 'attempts'>): EffectOutcome => ({
        kind: 'done',
        record: { ...record, attempts: run.attempt },
        emit: tellSent(
          { ...letter, ...data, id: data.notificationId, queuedAt: letter.queuedAt.toISOString() },
          { attempts: run.attempt, sentAt: record.sentAt },
        ),
      });
      // An address that is not known any more is no reason to say nothing.
      if (data.channel !== 'EMAIL' || !letter.email) {
        return end({ status: 'sent', transport: 'in-app', providerMessageId: null, error: null, sentAt: run.now() });
      }
      if (run.expired()) {
        return { kind: 'again', afterMs: 0, unknown: false, reason: 'the claim ran out before the mail was sent' };
      }
      try {
        const mailed = { id: data.notificationId, to: letter.email, subject: letter.title, text: letter.message };
        const { providerMessageId } = await mail.send(mailed);
        return end({ status: 'sent', transport: mail.name, providerMessageId, error: null, sentAt: run.now() });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const afterMs = pausesMs[run.attempt - 1];
        if (afterMs !== undefined) return { kind: 'again', afterMs, unknown: false, reason };
        return end({ status: 'dead', transport: mail.name, providerMessageId: null, error: reason, sentAt: null });
      }
    },
    finish: (trx, settled) =>
      writeRecords(
        trx,
        settled.flatMap(({ message, record }) =>
          record ? [{ id: (message as Command).data.notificationId, record: record as Record }] : [],
        ),
      ),
  };
}

async function readLetters(trx: Trx, messages: readonly Command[]): Promise<(Letter | null)[]> {
  const { rows } = await sql<{
    notification_id: string;
    user_id: string | null;
    template_id: string;
    source_event_id: string;
    queued_at: Date;
    title: string;
    message: string;
    email: string | null;
    data: Readonly<{ [name: string]: string }>;
  }>`/* prepared */
    select n.notification_id, n.user_id, n.template_id, n.source_event_id, n.queued_at, n.title, n.message, n.data, c.email
    from notifications.notifications n left join orders.customers c on c.customer_id = n.user_id
    where n.notification_id = any(${uuids(messages.map(({ data }) => data.notificationId))})`.execute(trx);
  const byId = new Map(rows.map((row) => [row.notification_id, row]));
  return messages.map(({ data }) => {
    const row = byId.get(data.notificationId);
    if (!row) return null;
    return {
      customerId: row.user_id,
      templateId: row.template_id,
      sourceEventId: row.source_event_id,
      queuedAt: row.queued_at,
      title: row.title,
      message: row.message,
      email: row.email,
      data: row.data,
    };
  });
}

async function writeRecords(trx: Trx, settled: readonly { id: string; record: Record }[]): Promise<void> {
  if (settled.length === 0) return;
  const records = settled.map(({ record }) => record);
  await sql`/* prepared */
    update notifications.notifications n
    set delivery_status = u.status, transport = u.transport, provider_message_id = u.provider_message_id, attempts = u.attempts,
      last_error = u.error, sent_at = u.sent_at
    from unnest(${uuids(settled.map(({ id }) => id))}, ${texts(records.map((r) => r.status))}, ${texts(records.map((r) => r.transport))},
      ${texts(records.map((r) => r.providerMessageId))}, ${ints(records.map((r) => r.attempts))}, ${texts(records.map((r) => r.error))},
      ${instants(records.map((r) => r.sentAt))}) as u(id, status, transport, provider_message_id, attempts, error, sent_at)
    where n.notification_id = u.id`.execute(trx);
}

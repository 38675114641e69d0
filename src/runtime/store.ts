import { sql } from 'kysely';
import type { Received } from '../../machines/shared/message.js';
import { bigints, texts, uuids } from '../db/arrays.js';
import type { Envelope } from './envelope.js';
import type { Snapshot, Trx } from './ports.js';

/** Whose mailbox: a recipient (kind of participant) and the id of one of its actors. */
export interface Key {
  readonly recipient: string;
  readonly actorId: string;
}

/** A key as one string. */
export const keyOf = ({ recipient, actorId }: Key): string => `${recipient}/${actorId}`;

/** A message as it waits in a mailbox. */
export interface Taken extends Envelope {
  readonly seq: string;
  readonly recipient: string;
  readonly actorId: string;
  readonly queue: string;
  readonly sentAt: Date;
  readonly deferred: boolean;
  readonly attempts: number;
  readonly lastError: string | null;
  /** When its backoff ends; null when it may be handled now. */
  readonly heldUntil: Date | null;
}

/** A message as an effect gets it: its instant is that of its sending, the same for every run. */
export const toReceived = ({ type, data, id, sentAt, correlationId }: Omit<Taken, 'seq'>): Received => ({
  type,
  data,
  id,
  at: sentAt.toISOString(),
  correlationId,
});

/** A stored actor. */
export interface StoredActor {
  readonly id: string;
  readonly version: number;
  readonly machineVersion: number;
  readonly snapshot: Snapshot;
  readonly clockId: string | null;
  /** It has not moved for so long that what its journal says of it may have been dropped. */
  readonly hasRested: boolean;
}

const salts = new Map<string, bigint>();

function saltOf(recipient: string): bigint {
  let salt = salts.get(recipient);
  if (salt === undefined) {
    salt = [...recipient].reduce((sum, char) => (sum * 31n + BigInt(char.charCodeAt(0))) & 0xffffffffn, 7n);
    salts.set(recipient, salt);
  }
  return salt;
}

/** The advisory lock of an actor: random bits of its id mixed with its recipient, the same in every process. */
const lockOf = (key: Key): bigint => BigInt(`0x${key.actorId.slice(21).replace('-', '')}`) ^ saltOf(key.recipient);

/**
 * Locks actors, existing or not, until the end of the transaction, always in the same order, so that two drains serialise
 * on a common actor and never wait for each other in a circle (invariant 2).
 */
export async function lockActors(trx: Trx, keys: readonly Key[]): Promise<void> {
  const locks = [...new Set(keys.map(lockOf))].sort((a, b) => (a < b ? -1 : 1)).map(String);
  await sql`/* prepared */ select count(pg_advisory_xact_lock(k)) from unnest(${bigints(locks)}) as k`.execute(trx);
}

/** Locks those of the actors that nobody else holds, without waiting, and answers them. */
export async function tryLockActors(trx: Trx, keys: readonly Key[]): Promise<readonly Key[]> {
  if (keys.length === 0) return [];
  const locks = keys.map((key) => String(lockOf(key)));
  const { rows } = await sql<{ position: string }>`/* prepared */
    select position from unnest(${bigints(locks)}) with ordinality as u(k, position) where not pg_try_advisory_xact_lock(k)`.execute(
    trx,
  );
  const held = new Set(rows.map(({ position }) => Number(position)));
  return keys.filter((_, index) => !held.has(index + 1));
}

/** Reads every message in the mailboxes of these actors, in the order in which they were sent, and the clock (ms precision). */
export async function readMessages(trx: Trx, keys: readonly Key[]): Promise<{ now: Date; taken: Taken[] }> {
  // Several packets may ask for the same mailbox: each of its messages is read once.
  const mailboxes = [...new Map(keys.map((key) => [`${key.recipient}/${key.actorId}`, key])).values()];
  // The clock is read after the locks are held, so that `at` never runs backwards within one actor.
  const { rows } = await sql<{
    now: Date;
    seq: string | null;
    id: string;
    recipient: string;
    actor_id: string;
    type: string;
    data: string;
    source: string;
    correlation_id: string;
    causation_id: string | null;
    clock_id: string | null;
    queue: string;
    sent_at: Date;
    deferred: boolean;
    attempts: number;
    last_error: string | null;
    held_until: Date | null;
  }>`/* prepared */
    with keys as (select * from unnest(${uuids(mailboxes.map((k) => k.actorId))}, ${texts(mailboxes.map((k) => k.recipient))}) as k(actor_id, recipient)),
    waiting as (
      select m.seq, m.id, m.recipient, m.actor_id, m.type, m.data::text as data, m.source, m.correlation_id, m.causation_id, m.clock_id, m.queue,
        m.sent_at, m.deferred, m.attempts, m.last_error, case when m.lease_until > clock_timestamp() then m.lease_until end as held_until
      from runtime.mailbox m join keys k on m.actor_id = k.actor_id and m.recipient = k.recipient)
    select n.now, w.* from (select clock_timestamp() as now) n left join waiting w on true order by w.seq`.execute(trx);
  const now = rows[0]?.now ?? new Date();
  const taken = rows
    .filter((row) => row.seq !== null)
    .map((row) => ({
      seq: row.seq as string,
      id: row.id,
      recipient: row.recipient,
      actorId: row.actor_id,
      type: row.type,
      data: JSON.parse(row.data),
      text: row.data,
      source: row.source,
      correlationId: row.correlation_id,
      causationId: row.causation_id,
      clockId: row.clock_id,
      queue: row.queue,
      sentAt: row.sent_at,
      deferred: row.deferred,
      attempts: row.attempts,
      lastError: row.last_error,
      heldUntil: row.held_until,
    }));
  return { now, taken };
}

/** Days without a message after which an actor's journal begins anew with a checkpoint; retention keeps every row longer than that. */
export const longRestDays = 30;

/** Reads stored actors of one table. The caller holds their locks. */
export async function loadActors(trx: Trx, table: string, ids: readonly string[]): Promise<StoredActor[]> {
  const { rows } = await sql<{
    id: string;
    version: number;
    machine_version: number;
    snapshot: Snapshot;
    clock_id: string | null;
    has_rested: boolean;
  }>`/* prepared */
    select id, version, machine_version, snapshot, clock_id, updated_at < now() - ${sql.lit(`${longRestDays} days`)}::interval as has_rested
    from ${sql.raw(table)} where id = any(${uuids(ids)})`.execute(trx);
  return rows.map((row) => ({
    id: row.id,
    version: row.version,
    machineVersion: row.machine_version,
    snapshot: row.snapshot,
    clockId: row.clock_id,
    hasRested: row.has_rested,
  }));
}

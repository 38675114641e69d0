import { sql } from 'kysely';
import { bigints, booleans, instants, ints, jsons, texts, uuids } from '../db/arrays.js';
import { type Envelope, textOf } from './envelope.js';
import type { Actor, Snapshot, Trx } from './ports.js';
import type { Delivery } from './routing.js';
import type { Taken } from './store.js';

/** An actor to be stored: `before` is null for a new one. */
export interface ActorWrite {
  readonly id: string;
  readonly before: number | null;
  readonly version: number;
  readonly state: string;
  readonly snapshot: Snapshot;
  readonly clockId: string | null;
  readonly correlationId: string;
  readonly at: string;
}

/**
 * Stores actors of one kind.
 * @throws {ConcurrentWriteError} when an actor is not at the version it was read at: its lock did not hold
 */
export async function saveActors(trx: Trx, actor: StoredKind, writes: readonly ActorWrite[]): Promise<void> {
  const created = writes.filter((write) => write.before === null);
  const changed = writes.filter((write) => write.before !== null);
  await Promise.all([
    created.length > 0 && insertActors(trx, actor, created),
    changed.length > 0 && updateActors(trx, actor, changed),
  ]);
}

/** What storing needs to know of a kind of actor. */
type StoredKind = Pick<Actor, 'table' | 'version' | 'columns'>;

function insertActors(trx: Trx, actor: StoredKind, created: readonly ActorWrite[]) {
  const { names, values, read } = contextColumns(actor, created);
  return sql`/* prepared */
    insert into ${sql.raw(actor.table)} (id, version, machine_version, state, snapshot, clock_id, correlation_id, created_at, updated_at${names})
    select u.id, u.version, ${actor.version}::int, u.state, u.snapshot, u.clock_id, u.correlation_id, u.at, u.at${read}
    from unnest(${uuids(created.map((w) => w.id))}, ${ints(created.map((w) => w.version))}, ${texts(created.map((w) => w.state))},
      ${uuids(created.map((w) => w.clockId))}, ${uuids(created.map((w) => w.correlationId))}, ${instants(created.map((w) => w.at))}${values},
      ${jsons(created.map((w) => JSON.stringify(w.snapshot)))})
      as u(id, version, state, clock_id, correlation_id, at${names}, snapshot)`.execute(trx);
}

async function updateActors(trx: Trx, actor: StoredKind, changed: readonly ActorWrite[]) {
  const { names, values, set } = contextColumns(actor, changed);
  const { numAffectedRows } = await sql`/* prepared */
    update ${sql.raw(actor.table)} as a
    set version = u.version, machine_version = ${actor.version}::int, state = u.state, snapshot = u.snapshot, updated_at = u.at${set}
    from unnest(${uuids(changed.map((w) => w.id))}, ${ints(changed.map((w) => w.before))}, ${ints(changed.map((w) => w.version))},
      ${texts(changed.map((w) => w.state))}, ${instants(changed.map((w) => w.at))}${values},
      ${jsons(changed.map((w) => JSON.stringify(w.snapshot)))})
      as u(id, before, version, state, at${names}, snapshot)
    where a.id = u.id and a.version = u.before`.execute(trx);
  if (Number(numAffectedRows) !== changed.length) throw new ConcurrentWriteError(actor.table);
}

const arrays = { text: texts, uuid: uuids, bigint: bigints };

/** The columns that follow from the context, as parts of a statement, each with its comma. */
function contextColumns({ columns = {} }: StoredKind, writes: readonly ActorWrite[]) {
  const all = Object.entries(columns);
  const each = (text: (name: string) => string) => sql.raw(all.map(([name]) => `, ${text(name)}`).join(''));
  const values = all.map(([, [type, ...path]]) => {
    const list = writes.map(({ snapshot }) => valueAt(snapshot.context, path));
    return sql`, ${arrays[type](list as never[])}`;
  });
  return {
    names: each((name) => name),
    read: each((name) => `u.${name}`),
    set: each((name) => `${name} = u.${name}`),
    values: sql.join(values, sql``),
  };
}

/** What is at a path, null where it ends early. */
function valueAt(context: unknown, path: readonly string[]): string | number | null {
  let value = context;
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return (value ?? null) as string | number | null;
}

/** An actor changed between reading and writing it although its lock was held; the drain is rolled back and tried again. */
export class ConcurrentWriteError extends Error {
  constructor(table: string) {
    super(`${table} was changed by somebody else during a drain`);
    this.name = 'ConcurrentWriteError';
  }
}

/** A message on its way to one receiver. */
export interface Sending {
  readonly envelope: Envelope;
  readonly delivery: Delivery & { readonly queue: string };
  readonly at: string;
  /** True for a message that waits for its receiver to change state: nobody needs to be woken. */
  readonly deferred: boolean;
}

/** What every message has in its mailbox. */
const listed = sql.raw(
  'id, recipient, actor_id, type, source, correlation_id, causation_id, clock_id, queue, sent_at, data',
);

/** The same of these messages, as arrays. */
const lists = (sendings: readonly Sending[]) =>
  sql`${uuids(sendings.map((s) => s.envelope.id))}, ${texts(sendings.map((s) => s.delivery.recipient))},
      ${uuids(sendings.map((s) => s.delivery.actorId))}, ${texts(sendings.map((s) => s.envelope.type))}, ${texts(sendings.map((s) => s.envelope.source))},
      ${uuids(sendings.map((s) => s.envelope.correlationId))}, ${uuids(sendings.map((s) => s.envelope.causationId))},
      ${uuids(sendings.map((s) => s.envelope.clockId))}, ${texts(sendings.map((s) => s.delivery.queue))},
      ${instants(sendings.map((s) => s.at))}, ${jsons(sendings.map((s) => textOf(s.envelope)))}`;

/** Puts messages into their receivers' mailboxes; a sweeper wakes those that nobody fetched `wakeAfterMs` later. */
export async function sendMessages(trx: Trx, sendings: readonly Sending[], wakeAfterMs: number): Promise<void> {
  if (sendings.length === 0) return;
  await sql`/* prepared */
    insert into runtime.mailbox (${listed}, deferred, wake_at)
    select u.*, clock_timestamp() + ${wakeAfterMs}::int * interval '1 millisecond'
    from unnest(${lists(sendings)}, ${booleans(sendings.map((s) => s.deferred))}) as u(${listed}, deferred)`.execute(
    trx,
  );
}

/** A command to an effect, on its way to a first run that may take `leaseMs`. */
export interface Command extends Sending {
  readonly leaseMs: number;
}

/**
 * Puts commands to effects into their mailboxes, claimed already for a first run of theirs, each for `leaseMs` of its effect. Answers their
 * sequence numbers by message id.
 */
export async function sendClaimed(trx: Trx, sendings: readonly Command[]): Promise<ReadonlyMap<string, string>> {
  if (sendings.length === 0) return new Map();
  const { rows } = await sql<{ seq: string; id: string }>`/* prepared */
    insert into runtime.mailbox (${listed}, lease_until, wake_at, attempts, in_doubt)
    select ${listed}, clock_timestamp() + lease_ms * interval '1 millisecond', clock_timestamp() + lease_ms * interval '1 millisecond', 1, true
    from unnest(${lists(sendings)}, ${ints(sendings.map((s) => s.leaseMs))}) as u(${listed}, lease_ms)
    returning seq, id`.execute(trx);
  return new Map(rows.map(({ seq, id }) => [id, seq]));
}

/** A message that stays in its mailbox, otherwise than it was. */
export interface Kept {
  readonly taken: Taken;
  readonly deferred: boolean;
  readonly attempts: number;
  readonly error: string | null;
  /** When the sweeper may wake its receiver; null for at once. */
  readonly wakeAt: Date | null;
  /** Whether it must not be handled before `wakeAt` either: its backoff. The row's lease says so, since sweeps move `wake_at`. */
  readonly held: boolean;
}

/** Notes on messages that stay why and how long they wait. */
export async function keepMessages(trx: Trx, kept: readonly Kept[]): Promise<void> {
  if (kept.length === 0) return;
  await sql`/* prepared */
    update runtime.mailbox m
    set wake_at = coalesce(u.wake_at, clock_timestamp()), lease_until = case when u.held then u.wake_at end,
      deferred = u.deferred, attempts = u.attempts, last_error = u.error
    from unnest(${bigints(kept.map((k) => k.taken.seq))}, ${instants(kept.map((k) => k.wakeAt?.toISOString() ?? null))},
      ${booleans(kept.map((k) => k.held))}, ${booleans(kept.map((k) => k.deferred))}, ${ints(kept.map((k) => k.attempts))},
      ${texts(kept.map((k) => k.error))}) as u(seq, wake_at, held, deferred, attempts, error)
    where m.seq = u.seq`.execute(trx);
}

/** Parks messages that no retry can help, with their error, until a person redrives them (invariant 8). */
export async function buryMessages(
  trx: Trx,
  buried: readonly { taken: Taken; attempts: number; error: string }[],
): Promise<void> {
  if (buried.length === 0) return;
  await sql`
    with dead as (
      delete from runtime.mailbox m
      using unnest(${bigints(buried.map((b) => b.taken.seq))}, ${ints(buried.map((b) => b.attempts))}, ${texts(buried.map((b) => b.error))})
        as u(seq, attempts, error)
      where m.seq = u.seq
      returning m.seq, m.id, m.recipient, m.actor_id, m.type, m.data, m.source, m.correlation_id, m.causation_id, m.clock_id, m.queue,
        m.sent_at, u.attempts, u.error)
    insert into runtime.dead_letters (seq, id, recipient, actor_id, type, data, source, correlation_id, causation_id, clock_id, queue, sent_at,
      attempts, error, died_at)
    select dead.*, clock_timestamp() from dead`.execute(trx);
}

/** What became of one consumed message. */
export interface Entry {
  /** Where the message lay in its mailbox; null for one that came straight from a request or was raised within the drain. */
  readonly seq: string | null;
  readonly recipient: string;
  readonly actorId: string;
  readonly message: Envelope;
  /** The actor's version after the message; null for handlers and effects, and for an actor that does not exist. */
  readonly version: number | null;
  readonly machineVersion: number | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly outcome: 'applied' | 'checkpoint' | 'ignored' | 'handled' | 'refused' | 'settled';
  readonly reason: string | null;
  readonly at: string;
}

/**
 * Consumes messages: removes them from their mailboxes and appends them to the journal with what they did, in the order in which
 * that happened (invariants 2 and 7).
 * @throws {ConcurrentWriteError} when one is not there any more: its actor's lock did not hold
 */
export async function consumeMessages(trx: Trx, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  const seqs = entries.flatMap(({ seq }) => seq ?? []);
  const { rows } = await sql<{ consumed: string }>`/* prepared */
    with consumed as (delete from runtime.mailbox where seq = any(${bigints(seqs)}) returning 1),
    written as (
      insert into runtime.journal (recipient, actor_id, version, machine_version, message_id, type, correlation_id, causation_id,
        state_before, state_after, outcome, reason, at, data)
      select u.recipient, u.actor_id, u.version, u.machine_version, u.message_id, u.type, u.correlation_id, u.causation_id,
        u.before, u.after, u.outcome, u.reason, u.at, u.data
      from unnest(${texts(entries.map((e) => e.recipient))}, ${uuids(entries.map((e) => e.actorId))},
        ${ints(entries.map((e) => e.version))}, ${ints(entries.map((e) => e.machineVersion))}, ${uuids(entries.map((e) => e.message.id))},
        ${texts(entries.map((e) => e.message.type))},
        ${uuids(entries.map((e) => e.message.correlationId))}, ${uuids(entries.map((e) => e.message.causationId))},
        ${texts(entries.map((e) => e.before))}, ${texts(entries.map((e) => e.after))}, ${texts(entries.map((e) => e.outcome))},
        ${texts(entries.map((e) => e.reason))}, ${instants(entries.map((e) => e.at))},
      ${jsons(entries.map((e) => textOf(e.message)))})
        as u(recipient, actor_id, version, machine_version, message_id, type, correlation_id, causation_id, before, after, outcome, reason, at, data))
    select count(*) as consumed from consumed`.execute(trx);
  if (Number(rows[0]?.consumed) !== seqs.length) throw new ConcurrentWriteError('the mailbox');
}

/** A public event on its way to its channel's stream. */
export interface Publication {
  readonly envelope: Envelope;
  /** What the world outside may see of the payload: the log holds no more. */
  readonly data: unknown;
  readonly channel: string;
  readonly version: string;
  readonly subject: string;
  readonly at: string;
}

/** Most events hold nothing personal: what is written of them elsewhere will do. */
const publicText = ({ envelope, data }: Publication): string =>
  data === envelope.data ? textOf(envelope) : JSON.stringify(data);

/** Appends public events to the event log, from which the publisher feeds the streams. */
export async function logEvents(trx: Trx, publications: readonly Publication[]): Promise<void> {
  if (publications.length === 0) return;
  await sql`/* prepared */
    insert into runtime.event_log (id, channel, type, version, source, subject, correlation_id, causation_id, time, data)
    select u.id, u.channel, u.type, u.version, u.source, u.subject, u.correlation_id, u.causation_id, u.time, u.data from unnest(${uuids(publications.map((p) => p.envelope.id))}, ${texts(publications.map((p) => p.channel))},
      ${texts(publications.map((p) => p.envelope.type))}, ${texts(publications.map((p) => p.version))},
      ${texts(publications.map((p) => p.envelope.source))}, ${uuids(publications.map((p) => p.subject))},
      ${uuids(publications.map((p) => p.envelope.correlationId))},
      ${uuids(publications.map((p) => p.envelope.causationId))}, ${instants(publications.map((p) => p.at))},
      ${jsons(publications.map(publicText))})
      as u(id, channel, type, version, source, subject, correlation_id, causation_id, time, data)`.execute(trx);
}

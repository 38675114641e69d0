import { sql } from 'kysely';
import { bigints, ints, uuids } from '../db/arrays.js';
import { describeError } from './describeError.js';
import { FatalError } from './errors.js';
import { groupBy } from './groupBy.js';
import type { Effect, EffectOutcome, Participant, Trx } from './ports.js';
import type { Ref } from './routing.js';
import { type Taken, toReceived } from './store.js';
import { buryMessages, type Command, sendClaimed } from './writes.js';

/** A mailbox row claimed for one run of its effect. */
export interface Claim extends Taken {
  /** True when an earlier run may have reached the outside. */
  readonly inDoubt: boolean;
  readonly prepared: unknown;
  /** Why nothing could be prepared for the run, which then does not begin. */
  readonly failure: { readonly error: unknown } | null;
  /** Local time (ms, monotonic) after which the lease may be somebody else's. */
  readonly until: number;
}

/** A run that ended with a defect instead of an outcome. */
export interface Thrown {
  readonly kind: 'thrown';
  /** True when no retry can help. */
  readonly fatal: boolean;
  /** True when this run or an earlier one may have reached the outside. */
  readonly unknown: boolean;
  readonly reason: string;
}

export const thrown = (error: unknown, unknown: boolean): Thrown => ({
  kind: 'thrown',
  fatal: error instanceof FatalError,
  unknown,
  reason: describeError(error),
});

/** A claim with what came of it. */
export interface Settlement {
  readonly claim: Claim;
  readonly outcome: EffectOutcome | Thrown;
}

/** A settlement of a run that reached its end. */
export type Settled = Settlement & { readonly outcome: Extract<EffectOutcome, { kind: 'done' }> };

/** Runs after which an effect that throws is parked. */
const maxRuns = 10;

/** A message whose effect is to be run, and why nothing can be prepared for it, when that is known already. */
export interface Asked {
  readonly ref: Ref;
  readonly failure: Claim['failure'];
}

const effectOf = (participants: Readonly<Record<string, Participant>>, recipient: string): Effect => {
  const participant = participants[recipient];
  if (participant?.kind !== 'effect') throw new FatalError('NO_PARTICIPANT', `${recipient} is not an effect`);
  return participant;
};

/** A tenth of a lease is kept back, so that a call is never begun when somebody else may already look it up. */
const untilOf = ({ leaseMs }: Effect): number => performance.now() + leaseMs * 0.9;

/** Claims waiting messages for a run each, and prepares the runs; those that somebody else holds are left out. */
export async function claimWaiting(
  trx: Trx,
  participants: Readonly<Record<string, Participant>>,
  asked: readonly Asked[],
): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const [recipient, own] of groupBy(asked, ({ ref }) => ref.recipient)) {
    const effect = effectOf(participants, recipient);
    const until = untilOf(effect);
    const rows = await claimRows(
      trx,
      recipient,
      own.map(({ ref }) => ref),
      effect.leaseMs,
    );
    const failures = new Map(own.map(({ ref, failure }) => [ref.id, failure]));
    const sound = rows.filter(({ id }) => !failures.get(id));
    const prepared = await prepare(trx, effect, sound);
    for (const row of rows)
      claims.push({ prepared: prepared.get(row.id), failure: failures.get(row.id) ?? null, until, ...row });
  }
  return claims;
}

/** Puts commands to effects into their mailboxes, claimed for a first run of theirs, and prepares these runs. */
export async function claimSent(
  trx: Trx,
  participants: Readonly<Record<string, Participant>>,
  commands: readonly Command[],
): Promise<Claim[]> {
  const taken = commands.map(toTaken);
  const [seqs, ...prepared] = await Promise.all([
    sendClaimed(trx, commands),
    ...[...groupBy(taken, ({ recipient }) => recipient)].map(async ([recipient, own]) => {
      const effect = effectOf(participants, recipient);
      const until = untilOf(effect);
      const byId = await prepare(trx, effect, own);
      return own.map((one) => ({ inDoubt: false, prepared: byId.get(one.id), failure: null, until, ...one }));
    }),
  ]);
  return prepared.flat().map((one) => ({ seq: seqs.get(one.id) as string, ...one }));
}

/** A command as it will lie in its mailbox, but for its sequence number. */
const toTaken = ({ envelope, delivery, at }: Command): Omit<Taken, 'seq'> => ({
  id: envelope.id,
  type: envelope.type,
  data: envelope.data,
  source: envelope.source,
  correlationId: envelope.correlationId,
  causationId: envelope.causationId,
  clockId: envelope.clockId,
  recipient: delivery.recipient,
  actorId: delivery.actorId,
  queue: delivery.queue,
  sentAt: new Date(at),
  deferred: false,
  attempts: 1,
  lastError: null,
  heldUntil: null,
});

async function prepare(trx: Trx, effect: Effect, rows: readonly Omit<Taken, 'seq'>[]): Promise<Map<string, unknown>> {
  if (!effect.prepare || rows.length === 0) return new Map();
  const prepared = await effect.prepare(trx, rows.map(toReceived));
  return new Map(rows.map((row, index) => [row.id, prepared[index]]));
}

/** Stores what came of claims, and the services' own rows of it; answers those that were still their runs' to settle. */
export async function settle(
  trx: Trx,
  participants: Readonly<Record<string, Participant>>,
  settlements: readonly Settlement[],
): Promise<readonly Settled[]> {
  const done = settlements.filter((one): one is Settled => one.outcome.kind === 'done');
  await postpone(trx, settlements);
  // Only the current holder of a claim may settle it: whoever took it over since has looked the outcome up.
  const seqs = await settleClaims(
    trx,
    done.map(({ claim }) => claim),
  );
  const settled = done.filter(({ claim }) => seqs.has(claim.seq));
  await Promise.all(
    [...groupBy(settled, ({ claim }) => claim.recipient)].map(async ([recipient, own]) =>
      effectOf(participants, recipient).finish?.(
        trx,
        own.map(({ claim, outcome }) => ({ message: toReceived(claim), record: outcome.record })),
      ),
    ),
  );
  return settled;
}

/** Claims those of the messages that nobody else holds, for `leaseMs`; counts the run that is about to begin. */
async function claimRows(
  trx: Trx,
  recipient: string,
  refs: readonly Ref[],
  leaseMs: number,
): Promise<(Taken & Pick<Claim, 'inDoubt'>)[]> {
  const { rows } = await sql<{
    seq: string;
    id: string;
    actor_id: string;
    type: string;
    data: string;
    source: string;
    correlation_id: string;
    causation_id: string | null;
    clock_id: string | null;
    queue: string;
    sent_at: Date;
    attempts: number;
    was_in_doubt: boolean;
  }>`/* prepared */
    with free as (
      select m.seq, m.in_doubt from runtime.mailbox m
      join unnest(${uuids(refs.map((r) => r.actorId))}, ${uuids(refs.map((r) => r.id))}) as u(actor_id, id)
        on m.actor_id = u.actor_id and m.id = u.id
      where m.recipient = ${recipient} and (m.lease_until is null or m.lease_until < clock_timestamp())
      order by m.seq for update of m skip locked)
    update runtime.mailbox m
    set attempts = m.attempts + 1, in_doubt = true, lease_until = clock_timestamp() + ${leaseMs}::int * interval '1 millisecond',
      wake_at = clock_timestamp() + ${leaseMs}::int * interval '1 millisecond'
    from free where m.seq = free.seq
    returning m.seq, m.id, m.actor_id, m.type, m.data::text as data, m.source, m.correlation_id, m.causation_id, m.clock_id, m.queue, m.sent_at,
      m.attempts, free.in_doubt as was_in_doubt`.execute(trx);
  return rows.map((row) => ({
    seq: row.seq,
    id: row.id,
    recipient,
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
    deferred: false,
    attempts: row.attempts,
    lastError: null,
    heldUntil: null,
    inDoubt: row.was_in_doubt,
  }));
}

/**
 * Consumes claimed rows whose claim is still the current one: removes them and appends them to the journal, at the instant of
 * their own clock. Answers their sequence numbers.
 */
async function settleClaims(trx: Trx, claims: readonly Claim[]): Promise<ReadonlySet<string>> {
  if (claims.length === 0) return new Set();
  const { rows } = await sql<{ seq: string }>`/* prepared */
    with now as (select date_trunc('milliseconds', clock_timestamp()) as at),
    consumed as (
      delete from runtime.mailbox m
      using unnest(${bigints(claims.map((c) => c.seq))}, ${ints(claims.map((c) => c.attempts))}) as u(seq, attempts)
      where m.seq = u.seq and m.attempts = u.attempts
      returning m.seq, m.recipient, m.actor_id, m.id, m.type, m.data, m.correlation_id, m.causation_id, m.clock_id),
    settled as (
      select m.*, coalesce(c.now, now.at) as at from consumed m cross join now left join runtime.clocks c on c.id = m.clock_id),
    written as (
      insert into runtime.journal (recipient, actor_id, message_id, type, data, correlation_id, causation_id, outcome, at)
      select recipient, actor_id, id, type, data, correlation_id, causation_id, 'settled', at from settled order by seq)
    select seq from settled`.execute(trx);
  return new Set(rows.map(({ seq }) => seq));
}

/** Whether nobody has taken a claim over since. */
async function isCurrent(trx: Trx, claim: Claim): Promise<boolean> {
  const { rows } =
    await sql`select 1 from runtime.mailbox where seq = ${claim.seq} and attempts = ${claim.attempts} for update`.execute(
      trx,
    );
  return rows.length > 0;
}

/** Gives claims back for a later run, which does not begin before its time; one that keeps throwing goes to dead letters. */
async function postpone(trx: Trx, settlements: readonly Settlement[]): Promise<void> {
  for (const { claim, outcome } of settlements) {
    if (outcome.kind === 'done') continue;
    if (outcome.kind === 'thrown' && (outcome.fatal || claim.attempts >= maxRuns)) {
      if (await isCurrent(trx, claim))
        await buryMessages(trx, [{ taken: claim, attempts: claim.attempts, error: outcome.reason }]);
      continue;
    }
    // 1, 2, 4 … 60 s
    const afterMs = outcome.kind === 'thrown' ? Math.min(60_000, 500 * 2 ** claim.attempts) : outcome.afterMs;
    await sql`/* prepared */
      update runtime.mailbox
      set in_doubt = ${outcome.unknown}::boolean, last_error = ${outcome.reason},
        lease_until = clock_timestamp() + ${afterMs}::float8 * interval '1 millisecond',
        wake_at = clock_timestamp() + ${afterMs}::float8 * interval '1 millisecond'
      where seq = ${claim.seq}::bigint and attempts = ${claim.attempts}::int`.execute(trx);
  }
}

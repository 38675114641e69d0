import { sql } from 'kysely';
import { payloadOf } from './payload.js';
import type { EffectOutcome, Trx } from './ports.js';
import type { Ref } from './routing.js';
import { buryMessages, type Taken } from './store.js';

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

/** A claim with what came of it. */
export interface Settlement {
  readonly claim: Claim;
  readonly outcome: EffectOutcome | Thrown;
}

/** Runs after which an effect that throws is parked. */
const maxRuns = 10;

/** Claims those of the messages that nobody else holds, for `leaseMs`; counts the run that is about to begin. */
export async function claimRows(
  trx: Trx,
  recipient: string,
  refs: readonly Ref[],
  leaseMs: number,
): Promise<Omit<Claim, 'prepared' | 'failure' | 'until'>[]> {
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
      join unnest(${refs.map((r) => r.actorId)}::uuid[], ${refs.map((r) => r.id)}::uuid[]) as u(actor_id, id)
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
    data: payloadOf(row.data),
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
 * Consumes claimed rows whose claim is still the current one: removes them and appends them to the journal. Answers the instant
 * of each, on its own clock, by sequence number.
 */
export async function settleClaims(trx: Trx, claims: readonly Claim[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ seq: string; at: Date }>`/* prepared */
    with now as (select date_trunc('milliseconds', clock_timestamp()) as at),
    consumed as (
      delete from runtime.mailbox m
      using unnest(${claims.map((c) => c.seq)}::bigint[], ${claims.map((c) => c.attempts)}::int[]) as u(seq, attempts)
      where m.seq = u.seq and m.attempts = u.attempts
      returning m.seq, m.recipient, m.actor_id, m.id, m.type, m.data, m.correlation_id, m.causation_id, m.clock_id),
    settled as (
      select m.*, coalesce(c.now, now.at) as at from consumed m cross join now left join runtime.clocks c on c.id = m.clock_id),
    written as (
      insert into runtime.journal (recipient, actor_id, message_id, type, data, correlation_id, causation_id, outcome, at)
      select recipient, actor_id, id, type, data, correlation_id, causation_id, 'settled', at from settled order by seq)
    select seq, at from settled`.execute(trx);
  return new Map(rows.map(({ seq, at }) => [seq, at.toISOString()]));
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
export async function postpone(trx: Trx, settlements: readonly Settlement[]): Promise<void> {
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

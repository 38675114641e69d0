import { sql } from 'kysely';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import { describeError, type Engine } from './drain.js';
import { type Envelope, envelope } from './envelope.js';
import { FatalError } from './errors.js';
import { Groups } from './groups.js';
import { payloadOf } from './payload.js';
import type { Effect, EffectOutcome, Trx } from './ports.js';
import type { Ref } from './routing.js';
import {
  buryMessages,
  logEvents,
  type Publication,
  type Sending,
  sendMessages,
  type Taken,
  writeJournal,
} from './store.js';

/** A mailbox row claimed for one run of its effect. */
interface Claim extends Taken {
  readonly clockId: string | null;
  /** True when an earlier run may have reached the outside. */
  readonly inDoubt: boolean;
  readonly prepared: unknown;
  /** Local time (ms, monotonic) after which the lease may be somebody else's. */
  readonly until: number;
}

interface Settlement {
  readonly claim: Claim;
  readonly outcome: EffectOutcome;
}

/** Runs that may throw (a defect, not a decline) before the effect is parked. */
const maxThrows = 10;

export interface EffectsOptions {
  readonly engine: Engine;
  /** Calls in flight in this process at most. */
  readonly concurrency: number;
  readonly handOff: (refs: readonly Ref[]) => Promise<void>;
  readonly onError?: (ref: Ref, error: unknown) => void;
}

/**
 * Runs effects at most once per message id (invariant 5). The mailbox row is the stored intent: a run claims it with a lease,
 * calls out, and settles it together with the outcome's messages. A claim that is found abandoned is in doubt, and its run is
 * told to look the outcome up before it asks again.
 */
export class Effects {
  readonly #options: EffectsOptions;
  readonly #claims: Groups<Ref, Claim | null>;
  readonly #settlements: Groups<Settlement, null>;
  #inFlight = 0;
  readonly #queue: (() => void)[] = [];

  constructor(options: EffectsOptions) {
    this.#options = options;
    this.#claims = new Groups({ work: (refs) => this.#claim(refs), max: 200 });
    this.#settlements = new Groups({ work: (settlements) => this.#settle(settlements), max: 200 });
  }

  /** Runs the effect of one waiting message, if nobody else is at it; resolves once its outcome is stored. */
  async run(ref: Ref): Promise<void> {
    await this.#enter();
    try {
      const claim = await this.#claims.submit(ref);
      if (!claim) return;
      const outcome = await this.#call(claim, ref);
      await this.#settlements.submit({ claim, outcome });
    } finally {
      this.#leave();
    }
  }

  #enter(): Promise<void> {
    if (this.#inFlight < this.#options.concurrency) {
      this.#inFlight++;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  #leave(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#inFlight--;
  }

  #effectOf(recipient: string): Effect {
    const participant = this.#options.engine.participants[recipient];
    if (participant?.kind !== 'effect') throw new FatalError('NO_PARTICIPANT', `${recipient} is not an effect`);
    return participant;
  }

  async #call(claim: Claim, ref: Ref): Promise<EffectOutcome> {
    const effect = this.#effectOf(claim.recipient);
    try {
      this.#options.engine.routing.check(claim.type, claim.data);
      return await effect.run(
        toReceived(claim),
        {
          attempt: claim.attempts,
          lookUp: claim.inDoubt,
          expired: () => performance.now() > claim.until,
        },
        claim.prepared,
      );
    } catch (error) {
      this.#options.onError?.(ref, error);
      return {
        kind: 'again',
        afterMs: Math.min(60_000, 500 * 2 ** claim.attempts),
        unknown: !(error instanceof FatalError),
        reason: describeError(error),
      };
    }
  }

  /** Claims mailbox rows for a run each: one transaction for all that wait. */
  async #claim(refs: readonly Ref[]): Promise<(Claim | null)[]> {
    const claimed = new Map<string, Claim>();
    await this.#options.engine.db.transaction().execute(async (trx) => {
      for (const [recipient, own] of groupBy(refs, (ref) => ref.recipient)) {
        const effect = this.#effectOf(recipient);
        const began = performance.now();
        const rows = await claimRows(trx, recipient, own, effect.leaseMs);
        const prepared =
          (await effect.prepare?.(
            trx,
            rows.map((row) => toReceived(row)),
          )) ?? [];
        for (const [index, row] of rows.entries()) {
          // A tenth of the lease is kept back, so that a call is never begun when somebody else may already look it up.
          claimed.set(`${recipient}/${row.id}`, {
            ...row,
            prepared: prepared[index],
            until: began + effect.leaseMs * 0.9,
          });
        }
      }
    });
    return refs.map((ref) => {
      const key = `${ref.recipient}/${ref.id}`;
      const claim = claimed.get(key) ?? null;
      claimed.delete(key);
      return claim;
    });
  }

  /** Stores outcomes: one transaction for all that wait. */
  async #settle(settlements: readonly Settlement[]): Promise<null[]> {
    const { engine, handOff } = this.#options;
    const refs = await engine.db.transaction().execute(async (trx) => {
      const done = settlements.filter(({ outcome }) => outcome.kind === 'done');
      const again = settlements.filter(({ outcome }) => outcome.kind === 'again');
      await postpone(trx, again);
      // Only the current holder of a claim may settle it: whoever took it over since has looked the outcome up.
      const held = await removeClaims(
        trx,
        done.map(({ claim }) => claim),
      );
      const settled = done.filter(({ claim }) => held.has(claim.seq));
      const sendings: Sending[] = [];
      const publications: Publication[] = [];
      const { now } = await readClock(trx);
      for (const { claim, outcome } of settled) {
        if (outcome.kind === 'done') this.#route(claim, outcome.emit, now, sendings, publications);
      }
      for (const [recipient, own] of groupBy(settled, ({ claim }) => claim.recipient)) {
        await this.#effectOf(recipient).finish?.(
          trx,
          own.map(({ claim, outcome }) => ({
            message: toReceived(claim),
            record: outcome.kind === 'done' ? outcome.record : undefined,
          })),
        );
      }
      await writeJournal(
        trx,
        settled.map(({ claim }) => ({
          recipient: claim.recipient,
          actorId: claim.actorId,
          message: claim,
          version: null,
          machineVersion: null,
          before: null,
          after: null,
          outcome: 'settled' as const,
          reason: null,
          at: now,
        })),
      );
      await sendMessages(trx, sendings, engine.wakeAfterMs);
      await logEvents(trx, publications);
      return sendings.map(({ envelope: sent, delivery }) => ({ id: sent.id, type: sent.type, ...delivery }));
    });
    void handOff(refs);
    return settlements.map(() => null);
  }

  #route(claim: Claim, emit: readonly Outgoing[], at: string, sendings: Sending[], publications: Publication[]): void {
    const { routing } = this.#options.engine;
    for (const [position, outgoing] of emit.entries()) {
      routing.check(outgoing.type, outgoing.data);
      const route = routing.route(outgoing.type, outgoing.data);
      const sent: Envelope = envelope(outgoing, claim, claim, position);
      if (route.channel)
        publications.push({
          envelope: sent,
          channel: route.channel,
          version: route.version,
          subject: claim.actorId,
          at,
        });
      for (const delivery of route.deliveries) {
        if (delivery.queue !== null)
          sendings.push({ envelope: sent, delivery: { ...delivery, queue: delivery.queue }, at, deferred: false });
      }
    }
  }
}

const toReceived = (
  claim: Pick<Claim, 'type' | 'data' | 'id' | 'correlationId'> & { readonly sentAt: Date },
): Received => ({
  type: claim.type,
  data: claim.data,
  id: claim.id,
  at: claim.sentAt.toISOString(),
  correlationId: claim.correlationId,
});

async function readClock(trx: Trx): Promise<{ now: string }> {
  const { rows } = await sql<{
    now: Date;
  }>`/* prepared */ select clock_timestamp() as now where ${true}::boolean`.execute(trx);
  return { now: (rows[0]?.now ?? new Date()).toISOString() };
}

async function claimRows(
  trx: Trx,
  recipient: string,
  refs: readonly Ref[],
  leaseMs: number,
): Promise<Omit<Claim, 'prepared' | 'until'>[]> {
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
    attempts: row.attempts,
    deferred: false,
    lastError: null,
    heldUntil: null,
    inDoubt: row.was_in_doubt,
  }));
}

/** Removes claimed rows; answers the sequence numbers of those whose claim was still the current one. */
async function removeClaims(trx: Trx, claims: readonly Claim[]): Promise<Set<string>> {
  if (claims.length === 0) return new Set();
  const { rows } = await sql<{ seq: string }>`/* prepared */
    delete from runtime.mailbox m
    using unnest(${claims.map((c) => c.seq)}::bigint[], ${claims.map((c) => c.attempts)}::int[]) as u(seq, attempts)
    where m.seq = u.seq and m.attempts = u.attempts returning m.seq`.execute(trx);
  return new Set(rows.map((row) => row.seq));
}

/** Gives claims back for a later run; one that keeps throwing goes to dead letters. */
async function postpone(trx: Trx, settlements: readonly Settlement[]): Promise<void> {
  for (const { claim, outcome } of settlements) {
    if (outcome.kind !== 'again') continue;
    if (claim.attempts >= maxThrows && outcome.reason.startsWith('Error')) {
      if ((await removeClaims(trx, [claim])).has(claim.seq))
        await buryMessages(trx, [{ taken: claim, attempts: claim.attempts, error: outcome.reason }]);
      continue;
    }
    await sql`/* prepared */
      update runtime.mailbox
      set lease_until = null, in_doubt = ${outcome.unknown}::boolean, last_error = ${outcome.reason},
        wake_at = clock_timestamp() + ${Math.round(outcome.afterMs)}::int * interval '1 millisecond'
      where seq = ${claim.seq}::bigint and attempts = ${claim.attempts}::int`.execute(trx);
  }
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

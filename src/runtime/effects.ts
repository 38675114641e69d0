import type { Outgoing, Received } from '../../machines/shared/message.js';
import { type Claim, claimRows, postpone, type Settlement, settleClaims, type Thrown } from './claims.js';
import { describeError, type Engine } from './drain.js';
import { type Envelope, envelope } from './envelope.js';
import { FatalError } from './errors.js';
import { Groups } from './groups.js';
import { isTransient } from './outage.js';
import type { Effect, EffectOutcome } from './ports.js';
import type { Ref } from './routing.js';
import { logEvents, type Publication, type Sending, sendMessages } from './store.js';

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

  async #call(claim: Claim, ref: Ref): Promise<EffectOutcome | Thrown> {
    const effect = this.#effectOf(claim.recipient);
    let begun = false;
    try {
      if (claim.failure) throw claim.failure.error;
      this.#options.engine.routing.check(claim.type, claim.data);
      begun = true;
      const outcome = await effect.run(
        toReceived(claim),
        {
          attempt: claim.attempts,
          lookUp: claim.inDoubt,
          expired: () => performance.now() > claim.until,
          // A test clock stands still while somebody works on a message of its.
          now: () => (claim.clockId === null ? new Date() : claim.sentAt).toISOString(),
        },
        claim.prepared,
      );
      if (outcome.kind === 'done') this.#checkRoutes(outcome.emit);
      return outcome;
    } catch (error) {
      this.#options.onError?.(ref, error);
      return thrown(error, begun || claim.inDoubt);
    }
  }

  /** Claims mailbox rows for a run each; when their preparation fails, halves until the one at fault is alone (invariant 8). */
  async #claim(refs: readonly Ref[]): Promise<(Claim | null)[]> {
    try {
      return await this.#take(refs);
    } catch (error) {
      if (isTransient(error)) throw error;
      if (refs.length === 1) return this.#take(refs, { error });
      const half = refs.length >> 1;
      return [...(await this.#claim(refs.slice(0, half))), ...(await this.#claim(refs.slice(half)))];
    }
  }

  /** Claims mailbox rows in one transaction, and prepares their runs unless that has failed before. */
  async #take(refs: readonly Ref[], failure: Claim['failure'] = null): Promise<(Claim | null)[]> {
    const claimed = new Map<string, Claim>();
    const keyOf = ({ recipient, actorId, id }: Pick<Ref, 'recipient' | 'actorId' | 'id'>) =>
      `${recipient}/${actorId}/${id}`;
    await this.#options.engine.db.transaction().execute(async (trx) => {
      for (const [recipient, own] of groupBy(refs, (ref) => ref.recipient)) {
        const effect = this.#effectOf(recipient);
        // A tenth of the lease is kept back, so that a call is never begun when somebody else may already look it up.
        const until = performance.now() + effect.leaseMs * 0.9;
        const rows = await claimRows(trx, recipient, own, effect.leaseMs);
        const messages = rows.map((row) => toReceived(row));
        const prepared = (failure ? null : await effect.prepare?.(trx, messages)) ?? [];
        for (const [index, row] of rows.entries())
          claimed.set(keyOf(row), { ...row, prepared: prepared[index], failure, until });
      }
    });
    return refs.map((ref) => {
      const claim = claimed.get(keyOf(ref)) ?? null;
      // The same message may be in two packets: it is run once.
      claimed.delete(keyOf(ref));
      return claim;
    });
  }

  /** Stores outcomes; when that fails, halves until the one at fault is alone and counts as having thrown (invariant 8). */
  async #settle(settlements: readonly Settlement[]): Promise<null[]> {
    try {
      await this.#store(settlements);
    } catch (error) {
      if (isTransient(error)) throw error;
      const [{ claim }] = settlements as [Settlement];
      if (settlements.length === 1) {
        this.#options.onError?.(claim, error);
        await this.#store([{ claim, outcome: thrown(error, true) }]);
      } else {
        const half = settlements.length >> 1;
        await this.#settle(settlements.slice(0, half));
        await this.#settle(settlements.slice(half));
      }
    }
    return settlements.map(() => null);
  }

  /** Stores outcomes in one transaction, and hands off the messages that tell of them. */
  async #store(settlements: readonly Settlement[]): Promise<void> {
    const { engine, handOff } = this.#options;
    const refs = await engine.db.transaction().execute(async (trx) => {
      const done = settlements.filter(({ outcome }) => outcome.kind === 'done');
      await postpone(trx, settlements);
      // Only the current holder of a claim may settle it: whoever took it over since has looked the outcome up.
      const settledAt = await settleClaims(
        trx,
        done.map(({ claim }) => claim),
      );
      const settled = done.filter(({ claim }) => settledAt.has(claim.seq));
      const sendings: Sending[] = [];
      const publications: Publication[] = [];
      for (const { claim, outcome } of settled) {
        const at = settledAt.get(claim.seq);
        if (outcome.kind === 'done' && at) this.#route(claim, outcome.emit, at, sendings, publications);
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
      await sendMessages(trx, sendings, engine.wakeAfterMs);
      await logEvents(trx, publications);
      return sendings.map(({ envelope: sent, delivery }) => ({ id: sent.id, type: sent.type, ...delivery }));
    });
    if (refs.length > 0) void handOff(refs);
  }

  /** @throws {FatalError} when an outcome cannot be told, before anything of it is stored */
  #checkRoutes(emit: readonly Outgoing[]): void {
    const { routing } = this.#options.engine;
    for (const { type, data } of emit) {
      routing.check(type, data);
      if (routing.route(type, data).deliveries.some(({ queue }) => queue === null))
        throw new FatalError('NOT_LOCKED', `${type} is answered within a drain, and an effect runs in none`);
    }
  }

  #route(claim: Claim, emit: readonly Outgoing[], at: string, sendings: Sending[], publications: Publication[]): void {
    const { routing } = this.#options.engine;
    for (const [position, outgoing] of emit.entries()) {
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

const thrown = (error: unknown, unknown: boolean): Thrown => ({
  kind: 'thrown',
  fatal: error instanceof FatalError,
  unknown,
  reason: describeError(error),
});

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

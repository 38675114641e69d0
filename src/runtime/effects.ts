import { setTimeout as sleep } from 'node:timers/promises';
import { type Claim, type Settlement, type Thrown, thrown } from './claims.js';
import type { Engine } from './engine.js';
import { FatalError } from './errors.js';
import type { Lane, Unsettled } from './lane.js';
import { isTransient } from './outage.js';
import type { EffectOutcome } from './ports.js';
import type { Ref } from './routing.js';
import { toReceived } from './store.js';

export interface EffectsOptions {
  readonly engine: Engine;
  /** Where claims are taken and settled. */
  readonly lane: Lane;
  /** Calls in flight in this process at most. */
  readonly concurrency: number;
  readonly onError?: (ref: Pick<Ref, 'id' | 'type'>, error: unknown) => void;
}

/** How long an outcome waits for a database that was away (ms). */
const againMs = 100;

/**
 * Runs effects at most once per message id (invariant 5). The mailbox row is the stored intent: a run claims it with a lease,
 * calls out, and settles it together with the outcome's messages. A claim that is found abandoned is in doubt, and its run is
 * told to look the outcome up before it asks again.
 */
export class Effects {
  readonly #options: EffectsOptions;
  #inFlight = 0;
  #stopped = false;
  readonly #queue: (() => void)[] = [];
  readonly #begun = new Set<Promise<void>>();
  /** Messages whose run is asked for and not over. */
  readonly #asked = new Set<string>();

  constructor(options: EffectsOptions) {
    this.#options = options;
    options.lane.calls = this;
  }

  /** How many more calls may begin now; the lane claims at most as many of those that it sends. */
  get spare(): number {
    return this.#stopped ? 0 : Math.max(0, this.#options.concurrency - this.#inFlight);
  }

  /**
   * Runs the effect of one waiting message, if nobody else is at it; resolves once its outcome is stored. One that is asked for again
   * while it already waits here, since its sweeper lost patience, takes no second place in the queue.
   */
  async run(ref: Ref): Promise<void> {
    const key = `${ref.recipient}/${ref.id}`;
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    try {
      await this.#run(ref);
    } finally {
      this.#asked.delete(key);
    }
  }

  async #run(ref: Ref): Promise<void> {
    await this.#enter();
    const claim = await this.#options.lane.claim(ref).catch((error: unknown) => {
      this.#leave();
      throw error;
    });
    if (claim) await this.#finish(claim);
    else this.#leave();
  }

  /** Runs effects that were claimed as they were sent. What fails to be stored is looked up by whoever finds the claim abandoned. */
  begin(claims: readonly Claim[]): void {
    for (const claim of claims) {
      this.#inFlight++;
      const run = this.#finish(claim)
        .catch((error: unknown) => this.#options.onError?.(claim, error))
        .finally(() => this.#begun.delete(run));
      this.#begun.add(run);
    }
  }

  /** Claims nothing more as it is sent, and resolves once what was begun is stored. */
  async stop(): Promise<void> {
    this.#stopped = true;
    while (this.#begun.size > 0) await Promise.all(this.#begun);
  }

  /** Calls out in the slot that was entered, and stores the outcome. */
  async #finish(claim: Claim): Promise<void> {
    const outcome = await this.#call(claim);
    this.#leave();
    const failure = await this.#settle({ claim, outcome });
    if (failure) this.#options.onError?.(claim, failure.error);
  }

  /** Stores an outcome, again and again while the database is away, as long as the claim lasts: after it somebody else looks it up. */
  async #settle(settlement: Settlement): Promise<Unsettled | null> {
    for (;;) {
      try {
        return await this.#options.lane.settle(settlement);
      } catch (error) {
        if (!isTransient(error) || performance.now() > settlement.claim.until) throw error;
        await sleep(againMs);
      }
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
    const next = this.#inFlight <= this.#options.concurrency ? this.#queue.shift() : undefined;
    if (next) next();
    else this.#inFlight--;
  }

  async #call(claim: Claim): Promise<EffectOutcome | Thrown> {
    let begun = false;
    try {
      if (claim.failure) throw claim.failure.error;
      const { participants, routing } = this.#options.engine;
      const effect = participants[claim.recipient];
      if (effect?.kind !== 'effect') throw new FatalError('NO_PARTICIPANT', `${claim.recipient} is not an effect`);
      routing.check(claim.type, claim.data);
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
      if (outcome.kind !== 'done') return outcome;
      for (const { type, data } of outcome.emit) {
        routing.check(type, data);
        if (routing.route(type, data).deliveries.some(({ queue }) => queue === null))
          throw new FatalError('NOT_LOCKED', `${type} is answered within a drain, and an effect runs in none`);
      }
      return outcome;
    } catch (error) {
      this.#options.onError?.(claim, error);
      return thrown(error, begun || claim.inDoubt);
    }
  }
}

import { sql } from 'kysely';
import { type Asked, type Claim, type Settlement, thrown } from './claims.js';
import { isolate, nothing } from './culprit.js';
import { drain } from './drain.js';
import type { Engine } from './engine.js';
import { Groups } from './groups.js';
import { isContention, isTransient } from './outage.js';
import type { Ref } from './routing.js';
import type { Key } from './store.js';
import type { DirectResult, Drained, Range, Unit } from './work.js';

/**
 * How far packets are kept apart (ms): a job costs sender, Redis and receiver half a millisecond together, and a web that is busy commits a
 * hundred times a second.
 */
const packetsEveryMs = 20;

/** What a lane tells its observers after each committed group. */
export interface GroupReport {
  readonly units: number;
  readonly consumed: number;
  readonly sent: number;
  readonly seconds: number;
}

export interface LaneOptions {
  readonly engine: Engine;
  /** Items in one transaction at most. */
  readonly batchSize: number;
  /** Called after each commit with the messages that want a packet; must not throw. */
  readonly handOff: (refs: readonly Ref[]) => Promise<void>;
  readonly onGroup?: (report: GroupReport) => void;
  readonly onPoison?: (unit: Key, error: unknown) => void;
}

/** Who runs effects in this process. */
export interface Calls {
  readonly spare: number;
  begin(claims: readonly Claim[]): void;
}

/** What a settlement ended with when its outcome could not be stored: it counts as having thrown. */
export interface Unsettled {
  readonly error: unknown;
}

/** One thing to do in the next transaction. */
type Item =
  | { readonly kind: 'drain'; readonly unit: Unit }
  | { readonly kind: 'claim'; readonly asked: Asked }
  | { readonly kind: 'settle'; readonly settlement: Settlement };
type Result = DirectResult | Claim | Unsettled | null;
type Results = Map<Item, Result | Error>;

/**
 * The commit lane of a process: does everything that is asked of it in groups, one transaction after the other (mailboxes to drain,
 * effects to claim and to settle), and keeps a poisonous message from spoiling its group (invariant 8).
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #groups: Groups<Item, Result>;
  readonly #packets: Groups<readonly Ref[], void>;
  /** Runs the effects that are claimed as they are sent; without it they all go by their queue. */
  calls: Calls | null = null;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#groups = new Groups({
      work: (items) => this.#group(items),
      max: options.batchSize,
    });
    this.#packets = new Groups({
      work: async (refs) => {
        await options.handOff(refs.flat());
        return [];
      },
      max: 100,
      everyMs: packetsEveryMs,
    });
  }

  /** Items that no transaction has begun with. */
  get waiting(): number {
    return this.#groups.waiting;
  }

  /** Drains one mailbox, or gives a direct message to its actor; resolves after the commit with what the direct message did. */
  submit(unit: Unit): Promise<DirectResult | null> {
    return this.#groups.submit({ kind: 'drain', unit }) as Promise<DirectResult | null>;
  }

  /** Claims an effect for a run; null when somebody else has it, or it is settled. */
  claim(ref: Ref): Promise<Claim | null> {
    return this.#groups.submit({ kind: 'claim', asked: { ref, failure: null } }) as Promise<Claim | null>;
  }

  /** Stores what came of a run, before anything else that waits: its claim lasts only so long, and somebody would look it up again. */
  settle(settlement: Settlement): Promise<Unsettled | null> {
    return this.#groups.submit({ kind: 'settle', settlement }, true) as Promise<Unsettled | null>;
  }

  /** Resolves once everything submitted is committed and handed off. */
  async idle(): Promise<void> {
    await this.#groups.idle();
    await this.#packets.idle();
  }

  async #group(items: readonly Item[]): Promise<(Result | Error)[]> {
    const results: Results = new Map();
    try {
      await this.#work(items, results, this.#options.engine.serves !== undefined);
    } catch (error) {
      // The database went away. What was committed before stays so, and its callers are told; the others may try again.
      for (const item of items) if (!results.has(item)) results.set(item, toError(error));
    }
    return items.map((item) => results.get(item) ?? null);
  }

  /** Works on items together; when that fails, halves until the one at fault is alone. */
  async #work(items: readonly Item[], results: Results, alongside: boolean): Promise<void> {
    let drained: Drained;
    try {
      drained = await this.#attempt(items, alongside);
    } catch (error) {
      if (isTransient(error)) throw error;
      // Somebody further along may be at fault; by mailboxes and queues everybody fails alone.
      if (alongside) return this.#work(items, results, false);
      if (items.length === 1) return this.#alone(items[0] as Item, error, results);
      const half = items.length >> 1;
      await this.#work(items.slice(0, half), results, false);
      return this.#work(items.slice(half), results, false);
    }
    const claims = new Map(drained.claims.map((claim) => [`${claim.recipient}/${claim.id}`, claim]));
    for (const item of items) {
      if (item.kind === 'drain') results.set(item, drained.direct.get(item.unit.direct?.id ?? '') ?? null);
      else if (item.kind === 'claim') {
        const key = `${item.asked.ref.recipient}/${item.asked.ref.id}`;
        results.set(item, claims.get(key) ?? null);
        // The same message may be in two packets: it is run once.
        claims.delete(key);
      } else results.set(item, null);
    }
  }

  async #alone(item: Item, error: unknown, results: Results): Promise<void> {
    if (item.kind === 'drain') return this.#isolate(item.unit, error, (result) => results.set(item, result));
    if (item.kind === 'claim') {
      // Claimed all the same: its run ends at once with this error, and is counted.
      const { claims } = await this.#attempt([{ kind: 'claim', asked: { ...item.asked, failure: { error } } }]);
      results.set(item, claims[0] ?? null);
      return;
    }
    const { claim } = item.settlement;
    await this.#attempt([{ kind: 'settle', settlement: { claim, outcome: thrown(error, true) } }]);
    results.set(item, { error });
  }

  /** Sets the message at fault aside when a single mailbox cannot be drained; a direct message is its caller's to hear about. */
  async #isolate(unit: Unit, failure: unknown, resolve: (result: Result | Error) => void): Promise<void> {
    const { direct, ...key } = unit;
    const { engine, onPoison } = this.#options;
    const attempt = (range?: Range) => this.#attempt([{ kind: 'drain', unit: { ...unit, range } }]);
    const isolateIn = () =>
      isolate(engine, key, {
        drain: (range) => this.#attempt([{ kind: 'drain', unit: { ...key, range } }]),
        onPoison: (error) => onPoison?.(key, error),
      });
    const others = await isolateIn();
    if (!direct) return resolve(null);
    let error = failure;
    // Beside the others once more, since it waits behind one in backoff; then by itself, since it may lead to one that throws.
    for (const range of others ? [undefined, nothing] : []) {
      try {
        const drained = await attempt(range);
        resolve(drained.direct.get(direct.id) ?? null);
        if (range) await isolateIn();
        return;
      } catch (thrown) {
        if (isTransient(thrown)) throw thrown;
        error = thrown;
      }
    }
    onPoison?.(key, error);
    resolve(toError(error));
  }

  /** Does work in one transaction, again when somebody else was at the same rows at the same time. */
  async #attempt(items: readonly Item[], alongside = false): Promise<Drained> {
    const { engine, onGroup } = this.#options;
    const work = {
      units: items.flatMap((item) => (item.kind === 'drain' ? [item.unit] : [])),
      asked: items.flatMap((item) => (item.kind === 'claim' ? [item.asked] : [])),
      settlements: items.flatMap((item) => (item.kind === 'settle' ? [item.settlement] : [])),
    };
    const began = performance.now();
    for (let tries = 1; ; tries++) {
      try {
        const drained = await drain(engine, work, { alongside, calls: this.calls?.spare ?? 0 });
        onGroup?.({
          units: items.length,
          consumed: drained.consumed,
          sent: drained.refs.length,
          seconds: (performance.now() - began) / 1000,
        });
        if (drained.begun.length > 0) this.calls?.begin(drained.begun);
        this.#handOff(drained.refs);
        return drained;
      } catch (error) {
        if (!isContention(error) || tries === 5) throw error;
      }
    }
  }

  #handOff(refs: readonly Ref[]): void {
    if (refs.length === 0) return;
    // Not awaited: the next group need not wait for Redis. What a crash loses here, the sweeper finds (invariant 3).
    void this.#packets.submit(refs);
  }
}

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** Bounded count of the messages that wait to be fetched, for backpressure; `limit + 1` means "more than the limit". */
export async function backlog(engine: Pick<Engine, 'db'>, limit: number): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) from (select 1 from runtime.mailbox where not deferred limit ${limit + 1}) waiting`.execute(
    engine.db,
  );
  return Number(rows[0]?.count ?? 0);
}

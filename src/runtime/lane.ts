import { sql } from 'kysely';
import { isolate, nothing } from './culprit.js';
import { type DirectResult, type Drained, drain, type Engine, type Unit } from './drain.js';
import { Groups } from './groups.js';
import { isContention, isTransient } from './outage.js';
import type { Ref } from './routing.js';
import type { Key } from './store.js';

/** What a lane tells its observers after each committed group. */
export interface GroupReport {
  readonly units: number;
  readonly consumed: number;
  readonly sent: number;
  readonly seconds: number;
}

export interface LaneOptions {
  readonly engine: Engine;
  /** Units in one transaction at most. */
  readonly batchSize: number;
  readonly lanes?: number;
  /** Called after each commit with the messages that want a packet; must not throw. */
  readonly handOff: (refs: readonly Ref[]) => Promise<void>;
  readonly onGroup?: (report: GroupReport) => void;
  readonly onPoison?: (unit: Key, error: unknown) => void;
}

/**
 * The commit lane of a process: drains everything that is asked of it in groups, one transaction after the other, and keeps a
 * poisonous message from spoiling its group (invariant 8).
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #groups: Groups<Unit, DirectResult | null>;
  readonly #handOffs = new Set<Promise<void>>();

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#groups = new Groups({
      work: (units) => this.#group(units),
      max: options.batchSize,
      ...(options.lanes ? { lanes: options.lanes } : {}),
    });
  }

  /** Units that no transaction has begun with. */
  get waiting(): number {
    return this.#groups.waiting;
  }

  /** Drains one mailbox, or gives a direct message to its actor; resolves after the commit with what the direct message did. */
  submit(unit: Unit): Promise<DirectResult | null> {
    return this.#groups.submit(unit);
  }

  /** Resolves once everything submitted is committed and handed off. */
  async idle(): Promise<void> {
    await this.#groups.idle();
    await Promise.all(this.#handOffs);
  }

  async #group(units: readonly Unit[]): Promise<(DirectResult | null | Error)[]> {
    const results = new Map<Unit, DirectResult | null | Error>();
    try {
      await this.#drain(units, results);
    } catch (error) {
      // The database went away. What was committed before stays so, and its callers are told; the others may try again.
      for (const unit of units) if (!results.has(unit)) results.set(unit, toError(error));
    }
    return units.map((unit) => results.get(unit) ?? null);
  }

  /** Drains units together; when that fails, halves until the one at fault is alone. */
  async #drain(units: readonly Unit[], results: Map<Unit, DirectResult | null | Error>): Promise<void> {
    let drained: Drained;
    try {
      drained = await this.#attempt(units);
    } catch (error) {
      if (isTransient(error)) throw error;
      if (units.length === 1) return this.#alone(units[0] as Unit, error, results);
      const half = units.length >> 1;
      await this.#drain(units.slice(0, half), results);
      return this.#drain(units.slice(half), results);
    }
    for (const unit of units) results.set(unit, unit.direct ? (drained.direct.get(unit.direct.id) ?? null) : null);
  }

  /** Sets the message at fault aside when a single mailbox cannot be drained; a direct message is its caller's to hear about. */
  async #alone(unit: Unit, failure: unknown, results: Map<Unit, DirectResult | null | Error>): Promise<void> {
    const { direct, ...key } = unit;
    const { engine, onPoison } = this.#options;
    const isolateIn = () =>
      isolate(engine, key, {
        drain: (range) => this.#attempt([{ ...key, range }]),
        onPoison: (error) => onPoison?.(key, error),
      });
    const others = await isolateIn();
    if (!direct) {
      results.set(unit, null);
      return;
    }
    let error = failure;
    // Beside the others once more, since it waits behind one in backoff; then by itself, since it may lead to one that throws.
    for (const range of others ? [undefined, nothing] : []) {
      try {
        const drained = await this.#attempt([{ ...unit, range }]);
        results.set(unit, drained.direct.get(direct.id) ?? null);
        if (range) await isolateIn();
        return;
      } catch (thrown) {
        if (isTransient(thrown)) throw thrown;
        error = thrown;
      }
    }
    onPoison?.(key, error);
    results.set(unit, toError(error));
  }

  /** Drains units in one transaction, again when somebody else was at the same rows at the same time. */
  async #attempt(units: readonly Unit[]): Promise<Drained> {
    const began = performance.now();
    for (let tries = 1; ; tries++) {
      try {
        const drained = await drain(this.#options.engine, units);
        this.#options.onGroup?.({
          units: units.length,
          consumed: drained.consumed,
          sent: drained.refs.length,
          seconds: (performance.now() - began) / 1000,
        });
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
    const handOff = this.#options.handOff(refs).finally(() => this.#handOffs.delete(handOff));
    this.#handOffs.add(handOff);
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

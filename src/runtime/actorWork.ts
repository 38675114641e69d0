import type { Envelope } from './envelope.js';
import { type Living, restore, toSnapshot } from './lifecycle.js';
import type { Actor } from './ports.js';
import type { Key, StoredActor, Taken } from './store.js';
import type { Arming } from './timers.js';
import type { ActorWrite } from './writes.js';

/** A message that a drain has yet to handle. */
export interface Pending {
  readonly message: Envelope;
  /** Null for a direct message and for one sent within this drain. */
  readonly taken: Taken | null;
  /** True for one that would have gone by a queue, had this process not served its receiver. */
  readonly along?: boolean;
}

/** One actor during a drain: its messages, and how far it has come. */
export class ActorWork implements Key {
  stored: StoredActor | null = null;
  deferred: Pending[] = [];
  #living: Living | null | undefined;
  #applied: { message: Envelope; at: string } | null = null;
  #waiting = false;
  #answers: Pending[] = [];
  readonly #arm = new Map<string, { dueAt: string; visit: number; cause: Envelope }>();
  readonly #disarm = new Set<string>();

  constructor(
    readonly recipient: string,
    readonly actorId: string,
    readonly actor: Actor,
    public pending: Pending[],
  ) {}

  /** Whether it may take its next message now: not while a handler of the same drain still owes it an answer. */
  get ready(): boolean {
    return this.pending.length > 0 && !this.#waiting;
  }

  /** The actor as it is now; null when it does not exist yet. */
  living(): Living | null {
    if (this.#living === undefined) this.#living = this.stored && restore(this.actor, this.stored);
    return this.#living;
  }

  /** The actor as it was stored, when its journal has to begin anew with that before a first message is applied (fold.ts). */
  checkpoint(): StoredActor | null {
    if (!this.stored || this.#applied) return null;
    const isLifted = this.stored.machineVersion < this.actor.version;
    return isLifted || this.stored.hasRested ? this.stored : null;
  }

  /** A message as it reaches the actor: it lives by the clock it was born with, whoever writes to it. */
  bind(message: Envelope): Envelope {
    const { clockId } = this.stored ?? this.#applied?.message ?? message;
    return clockId === message.clockId ? message : { ...message, clockId };
  }

  /** Notes a question to a handler of this drain: its answer comes before any later message. */
  ask(): void {
    this.#waiting = true;
  }

  answer(pending: Pending): void {
    this.#answers.push(pending);
  }

  /** The handlers have run: takes in their answers (a command may have none) and goes on. */
  hear(): void {
    this.#waiting = false;
    this.pending.unshift(...this.#answers);
    this.#answers = [];
  }

  apply(
    next: Living,
    arm: Readonly<Record<string, number>>,
    disarm: readonly string[],
    cause: Envelope,
    at: string,
  ): void {
    this.#living = next;
    this.#applied = { message: cause, at };
    for (const name of disarm) {
      this.#arm.delete(name);
      this.#disarm.add(name);
    }
    for (const [name, delay] of Object.entries(arm)) {
      this.#disarm.delete(name);
      this.#arm.set(name, {
        dueAt: new Date(Date.parse(at) + Math.max(0, delay)).toISOString(),
        visit: next.version,
        cause,
      });
    }
    // What this state could not take, the next one may (invariant 4).
    this.pending.unshift(...this.deferred);
    this.deferred = [];
  }

  write(): ActorWrite | null {
    if (!this.#applied || !this.#living) return null;
    return {
      id: this.actorId,
      before: this.stored?.version ?? null,
      version: this.#living.version,
      state: this.#living.state.node.path,
      snapshot: toSnapshot(this.#living),
      clockId: this.stored ? this.stored.clockId : this.#applied.message.clockId,
      correlationId: this.#applied.message.correlationId,
      at: this.#applied.at,
    };
  }

  armings(): Arming[] {
    return [...this.#arm].map(([name, { dueAt, visit, cause }]) => ({
      recipient: this.recipient,
      actorId: this.actorId,
      name,
      visit,
      dueAt,
      clockId: cause.clockId,
      correlationId: cause.correlationId,
      causationId: cause.id,
    }));
  }

  disarmed(): (Key & { name: string })[] {
    // A new actor has no timer rows to remove.
    if (!this.stored) return [];
    return [...this.#disarm].map((name) => ({ recipient: this.recipient, actorId: this.actorId, name }));
  }
}

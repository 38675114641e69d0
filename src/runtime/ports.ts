import type { Kysely } from 'kysely';
import type { AnyStateMachine } from 'xstate';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import type { Database } from '../db/tables.js';
import type { DomainError } from './errors.js';

/** The open transaction of a drain. */
export type Trx = Kysely<Database>;

/** A lifecycle: one state machine, one table with one row per actor. */
export interface Actor {
  readonly kind: 'actor';
  readonly machine: AnyStateMachine;
  /** Messages that bring a new actor to life; the machine's `input` is the whole received message. */
  readonly creates: readonly string[];
  /** Version of the machine that new snapshots are written by; rises when its states or context change shape. */
  readonly version: number;
  /** `schema.table` of the actor rows (id, version, machine_version, state, snapshot, clock_id, correlation_id, created_at, updated_at). */
  readonly table: string;
  /** More columns of the table, which people query: an SQL type, and where in the machine's context their value is. */
  readonly columns?: Readonly<Record<string, ContextColumn>>;
  /** States that an actor does not leave by itself: it is over, as far as anybody knows, and retention may drop its journal. */
  readonly ends: readonly string[];
  /** Lifts a snapshot written by `from` to `from + 1`. */
  readonly migrations?: Readonly<Record<number, (snapshot: Snapshot) => Snapshot>>;
}

export type ContextColumn = readonly [type: 'text' | 'uuid' | 'bigint', ...path: readonly string[]];

/** What is stored of an actor: XState's persistable parts, and the timers it has armed with the actor version that armed each. */
export interface Snapshot {
  readonly value: unknown;
  readonly context: Record<string, unknown>;
  readonly status: string;
  readonly armed: Readonly<Record<string, number>>;
}

/** What a handler says about one message: what to send because of it, a refusal for whoever asked, or an answer for them. */
export interface Handled {
  readonly emit?: readonly Outgoing[];
  /** The command was understood and declined: nothing changes, the journal and the caller are told. */
  readonly refuse?: DomainError;
  /** Returned to an HTTP caller that waits for this message. */
  readonly answer?: unknown;
}

/** Set-based work inside the drain's transaction: all waiting messages at once, one answer for each, in the same order. */
export interface Handler<N extends string = string, D = unknown> {
  readonly kind: 'handler';
  handle(trx: Trx, messages: readonly Received<N, D>[]): Promise<readonly Handled[]>;
}

/** The end of one call to the world outside. */
export type EffectOutcome =
  /** It is settled: these messages tell everyone. `record` is handed to the effect's own `finish`. */
  | { readonly kind: 'done'; readonly emit: readonly Outgoing[]; readonly record?: unknown }
  /** It is not settled: ask again after `afterMs`; the next run gets `lookUp: true` when `unknown`. */
  | { readonly kind: 'again'; readonly afterMs: number; readonly unknown: boolean; readonly reason: string };

/** What an effect run knows about earlier runs of the same message. */
export interface EffectRun {
  /** 1 for the first run. */
  readonly attempt: number;
  /** True when an earlier run may have reached the outside: look the outcome up before asking again (invariant 5). */
  readonly lookUp: boolean;
  /** True once less than a safe margin of the claim is left: do not call out any more. */
  expired(): boolean;
  /** What time it is for whoever the message is about: on their test clock, if they live by one. UTC ISO 8601. */
  now(): string;
}

/** A worker of calls to the world outside; the message id is the effect id, and its mailbox row is the stored intent. */
export interface Effect<N extends string = string, D = unknown> {
  readonly kind: 'effect';
  /** How long one run may take (ms) before another worker may look the outcome up. */
  readonly leaseMs: number;
  /** Reads what the runs need, once per batch, inside the transaction that claims them. */
  prepare?(trx: Trx, messages: readonly Received<N, D>[]): Promise<readonly unknown[]>;
  run(message: Received<N, D>, run: EffectRun, prepared: unknown): Promise<EffectOutcome>;
  /** Writes the service's own rows, set-based, in the transaction that settles the effects. */
  finish?(trx: Trx, settled: readonly { readonly message: Received<N, D>; readonly record: unknown }[]): Promise<void>;
}

export type Participant = Actor | Handler | Effect;

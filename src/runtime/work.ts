import type { Asked, Claim, Settlement } from './claims.js';
import type { Envelope } from './envelope.js';
import type { DomainError } from './errors.js';
import type { Snapshot } from './ports.js';
import type { Ref } from './routing.js';
import type { Key, Taken } from './store.js';

/** One thing to drain: an actor's mailbox, and optionally a message that comes straight from a request instead of from the mailbox. */
export interface Unit extends Key {
  readonly direct?: Envelope;
  /** Which of the waiting messages to handle, when not all of them are to be; see culprit.ts. */
  readonly range?: Range | undefined;
}

/** Some of the messages of a mailbox that is drained by itself: from one sequence number to another, both included. */
export interface Range {
  readonly from: bigint;
  readonly upTo: bigint;
  /** Told which messages are handled, before they are. */
  readonly saw?: (chosen: readonly Taken[]) => void;
}

/** What one transaction is to do: drain mailboxes, claim effects for a run, store what came of runs. */
export interface Work {
  readonly units?: readonly Unit[];
  readonly asked?: readonly Asked[];
  readonly settlements?: readonly Settlement[];
}

export interface DrainOptions {
  /** False sends everything by mailbox and queue, also to those whom this process serves: each receiver then fails alone. */
  readonly alongside?: boolean;
  /** Effects that may be claimed as they are sent, to be run in this process after the commit. */
  readonly calls?: number;
}

/** The result of one committed drain. */
export interface Drained {
  /** Those of the asked effects that are ours to run now. */
  readonly claims: readonly Claim[];
  /** Effects that were claimed as they were sent. */
  readonly begun: readonly Claim[];
  /** Messages that now wait in mailboxes and want a packet. */
  readonly refs: readonly Ref[];
  /** By message id. */
  readonly direct: ReadonlyMap<string, DirectResult>;
  readonly consumed: number;
}

/** What a direct message did; see `Accepted` in accept.ts. */
export interface DirectResult {
  readonly outcome: 'applied' | 'ignored' | 'deferred' | 'refused';
  readonly state: string | null;
  readonly version: number | null;
  readonly snapshot: Snapshot | null;
  readonly allowedEvents: readonly string[];
  readonly reason: string | null;
  readonly refusal: DomainError | null;
  readonly answer: unknown;
}

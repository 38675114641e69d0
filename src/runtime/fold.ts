import { type Kysely, sql } from 'kysely';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import type { Database } from '../db/tables.js';
import { create, type Living, receive, type Step, toSnapshot } from './lifecycle.js';
import type { Actor, Snapshot } from './ports.js';

/** One applied journal row of an actor. */
export interface JournalRow {
  readonly messageId: string;
  readonly type: string;
  readonly data: unknown;
  readonly correlationId: string;
  readonly at: string;
  readonly version: number;
  readonly machineVersion: number;
}

/** An actor as its journal tells it. */
export interface Folded {
  readonly version: number;
  readonly snapshot: Snapshot;
  readonly emitted: readonly Outgoing[];
}

/** A journal row that the machine no longer takes, or a gap in the versions. */
export class FoldError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FoldError';
  }
}

/** One journal row, and what it did to its actor. */
export interface Replayed {
  readonly row: JournalRow;
  readonly step: Extract<Step, { outcome: 'applied' }>;
}

/**
 * Runs an actor's applied messages through its machine again, one by one. Pure.
 * @throws {FoldError} when a message is not taken any more or a version is missing
 */
export function* replay(actor: Actor, rows: Iterable<JournalRow>): Generator<Replayed> {
  let living: Living | null = null;
  for (const row of rows) {
    const received: Received = {
      type: row.type,
      data: row.data,
      id: row.messageId,
      at: row.at,
      correlationId: row.correlationId,
    };
    const step: Step = living ? receive(living, actor, received) : create(actor, received);
    if (step.outcome !== 'applied')
      throw new FoldError(`version ${row.version}: ${row.type} was applied then and is ${step.outcome} now`);
    if (step.next.version !== row.version)
      throw new FoldError(`version ${row.version} follows version ${living?.version ?? 0}`);
    living = step.next;
    yield { row, step };
  }
}

/**
 * Runs an actor's applied messages through its machine again; the result equals its stored snapshot (invariant 7). Pure.
 * @throws {FoldError} as `replay` does
 */
export function fold(actor: Actor, rows: Iterable<JournalRow>): Folded | null {
  let living: Living | null = null;
  const emitted: Outgoing[] = [];
  for (const { step } of replay(actor, rows)) {
    emitted.push(...step.emitted);
    living = step.next;
  }
  return living && { version: living.version, snapshot: toSnapshot(living), emitted };
}

/** Reads what an actor applied, in order. */
export async function readJournal(db: Kysely<Database>, recipient: string, actorId: string): Promise<JournalRow[]> {
  const { rows } = await sql<{
    message_id: string;
    type: string;
    data: unknown;
    correlation_id: string;
    at: Date;
    version: number;
    machine_version: number;
  }>`
    select message_id, type, data, correlation_id, at, version, machine_version from runtime.journal
    where recipient = ${recipient} and actor_id = ${actorId} and outcome = 'applied' order by version`.execute(db);
  return rows.map((row) => ({
    messageId: row.message_id,
    type: row.type,
    data: row.data,
    correlationId: row.correlation_id,
    at: row.at.toISOString(),
    version: row.version,
    machineVersion: row.machine_version,
  }));
}

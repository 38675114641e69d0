import { type Kysely, sql } from 'kysely';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import { uuids } from '../db/arrays.js';
import type { Database } from '../db/tables.js';
import { create, type Living, receive, restore, type Step, toSnapshot } from './lifecycle.js';
import type { Actor, Snapshot } from './ports.js';

/**
 * The row that an actor's journal begins anew with: its data are the snapshot that the row's machine version had stored. A drain writes it
 * before it applies the first message to an actor that an older machine wrote (invariant 9), or that has rested so long that
 * retention may have dropped what came before.
 */
export const checkpoint = 'runtime.checkpoint';

/** One applied journal row of an actor, or a checkpoint. */
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
 * Runs an actor's applied messages through its machine again, one by one, from its last checkpoint on. Pure.
 * @throws {FoldError} when a message is not taken any more, a version is missing, or another machine version applied a message
 */
export function* replay(actor: Actor, rows: Iterable<JournalRow>): Generator<Replayed> {
  const { living: before, rows: applied } = fromLastCheckpoint(actor, [...rows]);
  let living = before;
  for (const row of applied) {
    if (row.machineVersion !== actor.version)
      throw new FoldError(
        `version ${row.version} was applied by version ${row.machineVersion} of the machine, this is ${actor.version}`,
      );
    const received: Received = {
      type: row.type,
      data: row.data,
      id: row.messageId,
      at: row.at,
      correlationId: row.correlationId,
    };
    const step: Step = living ? receive(living, received) : create(actor, received);
    if (step.outcome !== 'applied')
      throw new FoldError(`version ${row.version}: ${row.type} was applied then and is ${step.outcome} now`);
    if (step.next.version !== row.version)
      throw new FoldError(`version ${row.version} follows version ${living?.version ?? 0}`);
    living = step.next;
    yield { row, step };
  }
}

/** The actor as its last checkpoint has it, lifted by its migrations, and the rows since; all rows when there is none. */
function fromLastCheckpoint(actor: Actor, rows: readonly JournalRow[]) {
  const last = rows.findLastIndex(({ type }) => type === checkpoint);
  const row = rows[last];
  if (!row) return { living: null as Living | null, rows };
  const { version, machineVersion } = row;
  return {
    living: restore(actor, { version, machineVersion, snapshot: row.data as Snapshot }),
    rows: rows.slice(last + 1),
  };
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
  return (await readJournals(db, recipient, [actorId])).get(actorId) ?? [];
}

/** Reads what actors of one kind applied, each in order. */
export async function readJournals(
  db: Kysely<Database>,
  recipient: string,
  actorIds: readonly string[],
): Promise<Map<string, JournalRow[]>> {
  const { rows } = await sql<{
    actor_id: string;
    message_id: string;
    type: string;
    data: unknown;
    correlation_id: string;
    at: Date;
    version: number;
    machine_version: number;
  }>`
    select actor_id, message_id, type, data, correlation_id, at, version, machine_version from runtime.journal
    where recipient = ${recipient} and actor_id = any(${uuids(actorIds)}) and outcome in ('applied', 'checkpoint')
    order by actor_id, version, seq`.execute(db);
  const journals = new Map<string, JournalRow[]>();
  for (const row of rows) {
    const entry = {
      messageId: row.message_id,
      type: row.type,
      data: row.data,
      correlationId: row.correlation_id,
      at: row.at.toISOString(),
      version: row.version,
      machineVersion: row.machine_version,
    };
    const list = journals.get(row.actor_id);
    if (list) list.push(entry);
    else journals.set(row.actor_id, [entry]);
  }
  return journals;
}

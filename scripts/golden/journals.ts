import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outgoing } from '../../machines/shared/message.js';
import { checkpoint, type JournalRow, replay } from '../../src/runtime/fold.js';
import { type Living, toSnapshot } from '../../src/runtime/lifecycle.js';
import type { Actor, Snapshot } from '../../src/runtime/ports.js';

/** A kept journal of one actor, with what it must fold to for ever. */
export interface GoldenJournal {
  /** The story it was taken from. */
  readonly story: string;
  readonly rows: readonly JournalRow[];
  readonly snapshot: Snapshot;
  readonly emitted: readonly Outgoing[];
}

/** What one row of a journal shows of its machine. */
export interface Shown {
  /** The guards that held: the decisions that no machine may take otherwise. */
  readonly decisions: readonly string[];
  /** From which state to which, by what, and what is said then; the message alone where nothing comes of it. */
  readonly ways: readonly string[];
  readonly state: string;
  readonly snapshot: Snapshot;
  /** How much of a line it takes. */
  readonly bytes: number;
}

export const goldenFolder = 'test/golden';

const fileOf = (folder: string, recipient: string, version: number) => join(folder, `${recipient}.v${version}.jsonl`);

/** The kept journals of one version of a machine: a line each. */
export function readGolden(recipient: string, version: number, folder = goldenFolder): GoldenJournal[] {
  let text = '';
  try {
    text = readFileSync(fileOf(folder, recipient, version), 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as GoldenJournal);
}

export function writeGolden(
  recipient: string,
  version: number,
  journals: readonly GoldenJournal[],
  folder = goldenFolder,
): void {
  if (journals.length === 0) return;
  writeFileSync(fileOf(folder, recipient, version), journals.map((journal) => `${JSON.stringify(journal)}\n`).join(''));
}

/** Keeps a journal with what it folds to now. */
export function toGolden(actor: Actor, story: string, rows: readonly JournalRow[]): GoldenJournal {
  const emitted: Outgoing[] = [];
  let living: Living | null = null;
  for (const { step } of replay(actor, rows)) {
    emitted.push(...step.emitted);
    living = step.next;
  }
  if (!living) throw new Error(`the journal of ${story} is empty`);
  return { story, rows, snapshot: toSnapshot(living), emitted };
}

/** An actor that notes which of its guards have held. */
function watched(actor: Actor, held: Set<string>): Actor {
  const { guards } = actor.machine.implementations as { guards: Record<string, (...args: unknown[]) => boolean> };
  const noting = Object.entries(guards).map(([name, guard]) => [
    name,
    (...args: unknown[]) => {
      const holds = guard(...args);
      if (holds) held.add(name);
      return holds;
    },
  ]);
  return { ...actor, machine: actor.machine.provide({ guards: Object.fromEntries(noting) } as never) };
}

/** Looks at what each row of a journal shows of its machine. */
export function* shownBy(actor: Actor, rows: readonly JournalRow[]): Generator<Shown> {
  const held = new Set<string>();
  let before = '';
  for (const { row, step } of replay(watched(actor, held), rows)) {
    const { emitted, next } = step;
    const state = next.state.node.path;
    const way = `${before} → ${row.type} → ${state}`;
    const isIdle = before === state && emitted.length === 0;
    const said = `${way}: ${emitted.map(({ type }) => type).join(', ')}`;
    const decisions = [...held];
    held.clear();
    yield {
      decisions,
      ways: isIdle ? [row.type] : [way, said],
      state,
      snapshot: toSnapshot(next),
      bytes: JSON.stringify([row, emitted]).length,
    };
    before = state;
  }
}

/** Journals that begin with a checkpoint say nothing of how their actor began, and are not kept. */
export const isWhole = (rows: readonly JournalRow[]): boolean =>
  rows.length > 0 && rows[0]?.version === 1 && rows.every(({ type }) => type !== checkpoint);

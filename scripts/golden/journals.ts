import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outgoing } from '../../machines/shared/message.js';
import { checkpoint, type JournalRow, replay } from '../../src/runtime/fold.js';
import { type Living, statePath, toSnapshot } from '../../src/runtime/lifecycle.js';
import type { Actor, Snapshot } from '../../src/runtime/ports.js';

/** A kept journal of one actor, with what it must fold to for ever. */
export interface GoldenJournal {
  /** The story it was taken from. */
  readonly story: string;
  readonly rows: readonly JournalRow[];
  readonly snapshot: Snapshot;
  readonly emitted: readonly Outgoing[];
}

/** What a journal shows of its machine: one kind per way from state to state, and an example of each state. */
export interface Shown {
  readonly kinds: ReadonlySet<string>;
  readonly states: ReadonlyMap<string, Snapshot>;
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

/** Looks at what a journal shows of its machine. */
export function shownBy(actor: Actor, rows: readonly JournalRow[]): Shown {
  const kinds = new Set<string>();
  const states = new Map<string, Snapshot>();
  let before = '';
  for (const { row, step } of replay(actor, rows)) {
    const after = statePath(step.next.state.value);
    kinds.add(`${before} → ${row.type} → ${after}: ${step.emitted.map(({ type }) => type).join(', ')}`);
    states.set(after, toSnapshot(step.next));
    before = after;
  }
  return { kinds, states };
}

/** Journals that begin with a checkpoint say nothing of how their actor began, and are not kept. */
export const isWhole = (rows: readonly JournalRow[]): boolean =>
  rows.length > 0 && rows[0]?.version === 1 && rows.every(({ type }) => type !== checkpoint);

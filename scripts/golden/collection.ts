import type { JournalRow } from '../../src/runtime/fold.js';
import type { Actor } from '../../src/runtime/ports.js';
import { type GoldenJournal, type Shown, shownBy, toGolden } from './journals.js';
import { type StateList, statesOf } from './states.js';

/** A journal that may be kept, as far as it shows something new. */
interface Candidate {
  readonly story: string;
  readonly rows: readonly JournalRow[];
  readonly shown: readonly Step[];
}

type Step = Pick<Shown, 'decisions' | 'ways' | 'bytes'>;
const decisionsIn = ({ decisions }: Step) => decisions;
const everythingIn = ({ decisions, ways }: Step) => [...decisions, ...ways];

const bytesOf = (journal: GoldenJournal): number => Buffer.byteLength(JSON.stringify(journal)) + 1;

/** The kept journals of one machine, and what they show. */
export class Collection {
  readonly states: StateList;
  added = 0;
  readonly #actor: Actor;
  readonly #kept: GoldenJournal[];
  readonly #kinds = new Set<string>();
  readonly #candidates: Candidate[] = [];
  readonly #offered = new Set<string>();

  constructor(actor: Actor, known: StateList, kept: readonly GoldenJournal[]) {
    this.#actor = actor;
    this.#kept = [...kept];
    const names = new Set([...Object.keys(known), ...statesOf(actor.machine)]);
    this.states = Object.fromEntries([...names].map((state) => [state, known[state] ?? null]));
    for (const { rows } of kept) this.#note(this.#look(rows));
  }

  get kept(): readonly GoldenJournal[] {
    return this.#kept;
  }

  /** Keeps a whole journal, whether it shows something new or not. */
  keep(story: string, rows: readonly JournalRow[]): void {
    this.#note(this.#look(rows));
    this.#add(toGolden(this.#actor, story, rows));
  }

  /** Remembers a journal that may be kept. */
  offer(story: string, rows: readonly JournalRow[]): void {
    const shown = this.#look(rows).map(({ decisions, ways, bytes }) => ({ decisions, ways, bytes }));
    this.#candidates.push({ story, rows, shown });
    for (const kind of shown.flatMap(everythingIn)) this.#offered.add(kind);
  }

  /**
   * Keeps, of what was offered, the beginnings that show most in least space, while there is room (bytes): first of all every
   * decision, then every way. Answers how many of both found no room.
   */
  choose(mostBytes: number): number {
    let room = mostBytes - this.#kept.reduce((sum, journal) => sum + bytesOf(journal), 0);
    for (const kindsIn of [decisionsIn, everythingIn])
      for (let best = this.#best(kindsIn); best; best = this.#best(kindsIn)) {
        const { story, rows, shown } = best.candidate;
        const journal = toGolden(this.#actor, story, rows.slice(0, best.length));
        if (bytesOf(journal) > room) break;
        room -= bytesOf(journal);
        this.#note(shown.slice(0, best.length));
        this.#add(journal);
      }
    return [...this.#offered].filter((kind) => !this.#kinds.has(kind)).length;
  }

  /** The beginning of a candidate that shows most of what is not kept yet for its length; null when nothing is new any more. */
  #best(kindsIn: (step: Step) => readonly string[]): { readonly candidate: Candidate; readonly length: number } | null {
    let best: { readonly candidate: Candidate; readonly length: number } | null = null;
    let most = 0;
    for (const candidate of this.#candidates) {
      const fresh = new Set<string>();
      let bytes = 0;
      for (const [n, step] of candidate.shown.entries()) {
        bytes += step.bytes;
        for (const kind of kindsIn(step)) if (!this.#kinds.has(kind)) fresh.add(kind);
        if (fresh.size <= most * bytes) continue;
        most = fresh.size / bytes;
        best = { candidate, length: n + 1 };
      }
    }
    return best;
  }

  #note(steps: readonly Step[]): void {
    for (const kind of steps.flatMap(everythingIn)) this.#kinds.add(kind);
  }

  #look(rows: readonly JournalRow[]): Shown[] {
    const shown = [...shownBy(this.#actor, rows)];
    for (const { state, snapshot } of shown) this.states[state] ??= snapshot;
    return shown;
  }

  #add(journal: GoldenJournal): void {
    this.#kept.push(journal);
    this.added += 1;
  }
}

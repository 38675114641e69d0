import { parseArgs } from 'node:util';
import type { JournalRow } from '../src/runtime/fold.js';
import { actors } from '../src/services/registry.js';
import { type GoldenJournal, isWhole, readGolden, shownBy, toGolden, writeGolden } from './golden/journals.js';
import { readStateBook, type StateList, statesOf, writeStateBook } from './golden/states.js';
import { play } from './simulation/play.js';
import { storyOf } from './simulation/simulate.js';

const help = `npm run golden -- [options]

Keeps journals of all kinds of stories in test/golden, with the snapshot and the messages that they must fold to for ever (npm test
looks), and the list of every machine's states. Stories come from the simulation. What is there already is never changed.

  --seeds N   plays seeds 1 to N, and keeps each journal that shows a step which no kept one shows (1500)
  --seed N    keeps the journals of this story, whether they show something new or not
  --name TEXT what that story is called (seed N)
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1500' },
    seed: { type: 'string' },
    name: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** The kept journals of one machine, and what they show. */
class Collection {
  readonly kept: GoldenJournal[];
  readonly #kinds = new Set<string>();
  readonly states: StateList;
  added = 0;

  constructor(
    readonly recipient: keyof typeof actors,
    known: StateList,
  ) {
    const { version, machine } = actors[recipient];
    this.states = Object.fromEntries(
      [...new Set([...Object.keys(known), ...statesOf(machine)])].map((s) => [s, known[s] ?? null]),
    );
    this.kept = readGolden(recipient, version);
    for (const { rows } of this.kept) this.#note(rows);
  }

  /** Keeps a journal if it shows something new, or anyway. */
  offer(story: string, rows: readonly JournalRow[], anyway: boolean): void {
    const isNew = this.#note(rows);
    if (!isNew && !anyway) return;
    this.kept.push(toGolden(actors[this.recipient], story, rows));
    this.added += 1;
  }

  #note(rows: readonly JournalRow[]): boolean {
    const { kinds, states } = shownBy(actors[this.recipient], rows);
    for (const [state, example] of states) this.states[state] ??= example;
    const before = this.#kinds.size;
    for (const kind of kinds) this.#kinds.add(kind);
    return this.#kinds.size > before;
  }
}

async function main(): Promise<void> {
  const book = readStateBook();
  const names = Object.keys(actors) as (keyof typeof actors)[];
  const collections = new Map<string, Collection>(
    names.map((name) => [name, new Collection(name, book[name]?.[actors[name].version] ?? {})]),
  );
  const one = values.seed === undefined ? null : Number(values.seed);
  const [first, last] = one === null ? [1, Number(values.seeds)] : [one, one];
  for (let seed = first; seed <= last; seed++) {
    const { town, violation } = await play(storyOf(seed));
    if (violation) throw new Error(`seed ${seed} breaks a promise: ${violation}; npm run simulate -- --seed ${seed}`);
    for (const { recipient, journal } of town.world.actors.values())
      if (isWhole(journal)) collections.get(recipient)?.offer(values.name ?? `seed ${seed}`, journal, one !== null);
  }
  for (const [recipient, { kept, states, added }] of collections) {
    const { version } = actors[recipient as keyof typeof actors];
    writeGolden(recipient, version, kept);
    const versions = book[recipient] ?? {};
    book[recipient] = { ...versions, [version]: states };
    process.stdout.write(`${recipient} v${version}: ${added} journals added, ${kept.length} kept\n`);
  }
  writeStateBook(book);
}

if (values.help) process.stdout.write(help);
else await main();

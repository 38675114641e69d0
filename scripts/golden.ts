import { parseArgs } from 'node:util';
import { actors } from '../src/services/registry.js';
import { Collection } from './golden/collection.js';
import { isWhole, readGolden, writeGolden } from './golden/journals.js';
import { readStateBook, writeStateBook } from './golden/states.js';
import { play } from './simulation/play.js';
import { storyOf } from './simulation/simulate.js';

const help = `npm run golden -- [options]

Keeps journals of all kinds of stories in test/golden, with the snapshot and the messages that they must fold to for ever (npm test
looks), and the list of every machine's states. Stories come from the simulation. What is there already is never changed.

  --seeds N   plays seeds 1 to N, and keeps beginnings of journals that show steps which no kept one shows (1500)
  --bytes N   as long as a machine's file has no more bytes than this (390000)
  --seed N    keeps the journals of this story, whether they show something new or not
  --name TEXT what that story is called (seed N)
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1500' },
    bytes: { type: 'string', default: '390000' },
    seed: { type: 'string' },
    name: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const book = readStateBook();
  const names = Object.keys(actors) as (keyof typeof actors)[];
  const collections = new Map<string, Collection>(
    names.map((name) => {
      const { version } = actors[name];
      return [name, new Collection(actors[name], book[name]?.[version] ?? {}, readGolden(name, version))];
    }),
  );
  const one = values.seed === undefined ? null : Number(values.seed);
  const [first, last] = one === null ? [1, Number(values.seeds)] : [one, one];
  for (let seed = first; seed <= last; seed++) {
    const { town, violation } = await play(storyOf(seed));
    if (violation) throw new Error(`seed ${seed} breaks a promise: ${violation}; npm run simulate -- --seed ${seed}`);
    for (const { recipient, journal } of town.world.actors.values()) {
      if (!isWhole(journal)) continue;
      const collection = collections.get(recipient);
      if (one === null) collection?.offer(`seed ${seed}`, journal);
      else collection?.keep(values.name ?? `seed ${seed}`, journal);
    }
  }
  for (const [recipient, collection] of collections) {
    const { version } = actors[recipient as keyof typeof actors];
    const left = collection.choose(Number(values.bytes));
    const { kept, states, added } = collection;
    writeGolden(recipient, version, kept);
    const versions = book[recipient] ?? {};
    book[recipient] = { ...versions, [version]: states };
    process.stdout.write(
      `${recipient} v${version}: ${added} journals added, ${kept.length} kept, ${left} kinds of steps found no room\n`,
    );
  }
  writeStateBook(book);
}

if (values.help) process.stdout.write(help);
else await main();

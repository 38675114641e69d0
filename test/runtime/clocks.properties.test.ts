import { expect } from 'chai';
import fc from 'fast-check';
import { uuidv7 } from 'uuidv7';
import { sendClock } from '../../src/runtime/clockRows.js';
import { playScores } from './clockModel.js';
import { after as at, beatsOf, makeClock, noon, settled, start, startToyWorker, type ToyWorker } from './clockToy.js';
import type { Score } from './metronome.js';
import { startToy, type Toy } from './toy.js';

// Few different gaps, so that much is due at the same time; a gap that has passed already is none.
const gap = fc.constantFrom(-1000, 0, 1000, 1000, 2000, 3000, 5000);
const player = fc.record({
  // Nobody beats before all are there.
  gaps: fc.tuple(fc.constantFrom(1000, 2000), fc.array(gap, { maxLength: 5 })).map(([first, rest]) => [first, ...rest]),
  partner: fc.option(fc.nat(3)),
  loud: fc.boolean(),
});
const game = fc.record({
  clocks: fc.array(fc.array(player, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  /** Where the clocks are sent, all at once; those that come too late are refused. */
  goals: fc.array(fc.nat(20_000), { minLength: 1, maxLength: 4 }),
});

describe('test clocks that several processes move', () => {
  let toy: Toy;
  let workers: ToyWorker[];
  before(async () => {
    toy = await startToy({ wakeAfterMs: 5000 });
    // One of them takes messages along to whoever is sent one, the other leaves them to their mailboxes.
    const serving = { ...toy.engine, serves: () => true };
    const createLane: Toy['createLane'] = (own) => toy.createLane({ engine: serving, ...own });
    workers = [startToyWorker(toy), startToyWorker({ ...toy, createLane })];
  });
  after(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await toy.close();
  });

  it('make happen exactly what a list and a loop would', async () => {
    await fc.assert(
      fc.asyncProperty(game, async ({ clocks, goals }) => {
        await Promise.all(
          clocks.map(async (players) => {
            const clock = await makeClock(toy);
            const ids = players.map(() => uuidv7());
            const scores = players.map(({ partner, ...score }, index): Score => {
              const other = partner === null || partner === index ? undefined : ids[partner];
              return { ...score, to: ids[index] as string, partner: other ?? null };
            });
            for (const score of scores) await start(toy, clock, score);
            await Promise.all(goals.map((goal) => sendClock(toy.db, clock, { to: at(goal) })));
            const farthest = Math.max(...goals);
            expect(await settled(toy, clock)).to.include({ status: 'ready', now: at(farthest) });
            const expected = playScores(scores, farthest);
            for (const { to } of scores) {
              const beats = (await beatsOf(toy, to)).map((beat) => Date.parse(beat) - Date.parse(noon));
              expect(beats).to.deep.equal(expected.get(to));
            }
          }),
        );
      }),
      { numRuns: 20 },
    );
  }).timeout(180_000);
});

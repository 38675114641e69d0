import { expect } from 'chai';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { sendClock } from '../../src/runtime/clockRows.js';
import { playScores } from '../runtime/clockModel.js';
import { after as at, beatsOf, makeClock, noon, settled, start } from '../runtime/clockToy.js';
import type { Score } from '../runtime/metronome.js';
import { startToy, type Toy } from '../runtime/toy.js';
import { eventually } from '../support/eventually.js';
import { type SpawnedProcess, spawnProcess } from '../support/processes.js';

const target = 240_000;

/** Killing the worker in the middle of an advance, and advancing twice at once, change nothing in the result. */
describe('test clocks whose workers are killed on the way', function () {
  this.timeout(180_000);
  let toy: Toy;
  let workers: SpawnedProcess[];
  const hire = () => spawnProcess('test/runtime/clockProcess.ts', { DATABASE_URL: toy.url });
  before(async () => {
    toy = await startToy();
    workers = await Promise.all([hire(), hire()]);
    await Promise.all(workers.map((worker) => worker.waitForOutput(/at work/)));
  });
  after(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await toy.close();
  });

  const scoresFor = (clock: number): Score[] => {
    const ids = Array.from({ length: 4 }, () => uuidv7());
    return ids.map((to, n) => ({
      to,
      gaps: Array.from({ length: 60 }, (_, beat) => 1000 * ((clock + n * beat) % 7)),
      partner: n === 0 ? (ids[1] as string) : null,
      loud: n === 2,
    }));
  };

  it('arrive as if nothing had happened', async () => {
    const clocks = await Promise.all(
      Array.from({ length: 5 }, async (_, n) => {
        const id = await makeClock(toy);
        const scores = scoresFor(n + 1);
        for (const score of scores) await start(toy, id, score);
        return { id, scores };
      }),
    );
    const send = (ms: number) => Promise.all(clocks.map(({ id }) => sendClock(toy.db, id, { to: at(ms) })));
    await Promise.all([send(target / 2), send(target), send(target / 4)]);
    let kills = 0;
    const beaten = async () => {
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from runtime.journal where type like 'xstate%'`.execute(toy.db);
      return rows[0]?.n ?? 0;
    };
    for (let victim = 0; kills < 4; victim = 1 - victim) {
      const before = await beaten();
      await eventually('they get on', async () => (await beaten()) > before + 40);
      await workers[victim]?.kill();
      kills++;
      workers[victim] = await hire();
      await send(target);
    }
    for (const { id, scores } of clocks) {
      expect(await settled(toy, id, 120_000)).to.include({ status: 'ready', now: at(target) });
      const expected = playScores(scores, target);
      for (const { to } of scores) {
        const beats = (await beatsOf(toy, to)).map((beat) => Date.parse(beat) - Date.parse(noon));
        expect(beats).to.deep.equal(expected.get(to));
      }
      const { rows } = await sql<{ told: string }>`
        select data ->> 'text' as told from runtime.journal where actor_id = ${scores[2]?.to} and outcome = 'settled' order by seq`.execute(
        toy.db,
      );
      expect(rows.map(({ told }) => told)).to.deep.equal(await beatsOf(toy, scores[2]?.to ?? ''));
    }
  });
});

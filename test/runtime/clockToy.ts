import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { type Clock, createClock, readClock } from '../../src/runtime/clockRows.js';
import type { Clocks } from '../../src/runtime/clocks.js';
import type { Effects } from '../../src/runtime/effects.js';
import type { Lane } from '../../src/runtime/lane.js';
import type { Ref } from '../../src/runtime/routing.js';
import { eventually } from '../support/eventually.js';
import type { MetronomeContext, Score } from './metronome.js';
import type { Toy } from './toy.js';

/** When the clocks of the tests begin. */
export const noon = '2030-01-31T12:00:00.000Z';

export const after = (ms: number): string => new Date(Date.parse(noon) + ms).toISOString();

/** A process of the toy's that brings every message where it goes, and moves clocks. */
export interface ToyWorker {
  readonly lane: Lane;
  readonly effects: Effects;
  readonly clocks: Clocks;
  handOff(refs: readonly Ref[]): Promise<void>;
  stop(): Promise<void>;
}

export function startToyWorker(toy: Pick<Toy, 'createLane' | 'createEffects' | 'createClocks'>): ToyWorker {
  const going = new Set<Promise<unknown>>();
  const handOff = async (refs: readonly Ref[]) => {
    for (const ref of refs) {
      const work = ref.recipient === 'horn' ? effects.run(ref) : lane.submit(ref);
      const done: Promise<unknown> = work.catch(() => undefined).finally(() => going.delete(done));
      going.add(done);
    }
  };
  const lane = toy.createLane({ handOff, onGroup: () => clocks.poke() });
  const effects = toy.createEffects({ lane });
  const clocks = toy.createClocks({ lane });
  clocks.start();
  return {
    lane,
    effects,
    clocks,
    handOff,
    async stop() {
      await clocks.stop();
      while (going.size > 0) await Promise.all(going);
      await lane.idle();
    },
  };
}

export async function makeClock(toy: Toy, now = noon): Promise<string> {
  const id = uuidv7();
  await createClock(toy.db, { id, name: null, now });
  return id;
}

/** Waits until a clock stands still, or does not get on. */
export const settled = (toy: Toy, id: string, patienceMs?: number): Promise<Clock> =>
  eventually(
    'the clock has settled',
    async () => {
      const clock = await readClock(toy.db, id);
      return clock?.status === 'advancing' ? null : clock;
    },
    patienceMs,
  );

export async function start(toy: Toy, clockId: string | undefined, score: Partial<Score>): Promise<string> {
  const to = score.to ?? uuidv7();
  await toy.tell('Start', { gaps: [1000], partner: null, loud: false, ...score, to }, clockId);
  return to;
}

/** When a metronome has beaten. */
export async function beatsOf(toy: Toy, id: string): Promise<readonly string[]> {
  const { rows } = await sql<{ context: MetronomeContext }>`
    select snapshot -> 'context' as context from toy.metronomes where id = ${id}`.execute(toy.db);
  return rows[0]?.context.beats ?? [];
}

import { connect } from '../../src/db/connect.js';
import { Clocks } from '../../src/runtime/clocks.js';
import { Effects } from '../../src/runtime/effects.js';
import { Lane, type LaneOptions } from '../../src/runtime/lane.js';
import { Sweeper } from '../../src/runtime/sweeper.js';
import { startToyWorker } from './clockToy.js';
import { createHorn, createReferee, toyEngine } from './toy.js';

/** A process of the toy's on the database at DATABASE_URL, for tests that kill it; works until then. */
const { db } = connect({
  url: process.env.DATABASE_URL ?? '',
  poolSize: 4,
  name: 'toy process',
  onError: () => undefined,
});
// Short leases and waits: what a killed process was at is taken up again soon.
const engine = toyEngine(db, { referee: createReferee(), horn: createHorn(100) }, 100);
const ignore = async () => undefined;
const onError = (error: unknown) => process.stdout.write(`${error}\n`);
const createLane = (own: Partial<LaneOptions> = {}) => new Lane({ engine, batchSize: 10, handOff: ignore, ...own });
const worker = startToyWorker({
  createLane,
  createEffects: (own) => new Effects({ engine, lane: createLane(), concurrency: 10, ...own }),
  createClocks: (own) => new Clocks({ engine, lane: createLane(), onError, ...own }),
});
new Sweeper({ engine, intervalMs: 50, handOff: worker.handOff, onError }).start();
process.stdout.write('at work\n');

// Preloaded (node --import) into compiled processes whose awaits boundaries.ts has made crash points. The process kills itself at
// the point that CRASH_AT names, as `drain.run.lockActors before 1`: before what is awaited there begins, or once it is done and
// nobody has heard of it yet, the first time it comes there, or a later one.
import { appendFileSync } from 'node:fs';

const [armed, side, time] = (process.env.CRASH_AT ?? '').split(' ');
const log = process.env.CRASH_LOG;
const seen = new Set();
let times = 0;

/** Writes down that this process was here; a first time only, since a process is here often. */
function note(/** @type {string} */ what) {
  if (log) appendFileSync(log, `${what}\n`);
}

function come() {
  if (++times < Number(time)) return;
  note(`${armed} ${side} ${time}`);
  process.kill(process.pid, 'SIGKILL');
  // No instruction more, should the signal take a moment.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const crashPoint = {
  before(/** @type {string} */ name) {
    if (!seen.has(name)) {
      seen.add(name);
      note(name);
    }
    if (name === armed && side === 'before') come();
  },

  after(/** @type {string} */ name, /** @type {unknown} */ awaited) {
    if (name !== armed || side !== 'after') return awaited;
    return Promise.resolve(awaited).finally(come);
  },

  async *each(/** @type {string} */ name, /** @type {AsyncIterable<unknown>} */ items) {
    this.before(name);
    for await (const item of items) {
      if (name === armed && side === 'after') come();
      yield item;
    }
  },
};

Object.assign(globalThis, { crashPoint });

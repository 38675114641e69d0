// Preloaded (node --import) into a process whose clock may be wrong: its wall clock is off by what the file CHAOS_CLOCK
// says, in milliseconds, read at the start and at every SIGUSR2. Its monotonic clock stays right, as on a real machine.
import { readFileSync } from 'node:fs';

const file = process.env.CHAOS_CLOCK ?? '';
const TrueDate = Date;
const { timeOrigin } = performance;
let offMs = 0;

function readClock() {
  try {
    offMs = Number(readFileSync(file, 'utf8'));
  } catch {
    offMs = 0; // Nobody has set it yet.
  }
}

const now = () => TrueDate.now() + offMs;

readClock();
process.on('SIGUSR2', readClock);
globalThis.Date = new Proxy(TrueDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new TrueDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
Object.defineProperty(performance, 'timeOrigin', { get: () => timeOrigin + offMs });

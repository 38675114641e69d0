import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { runChaos } from './chaos/run.js';
import { describeVerdict } from './chaos/verdict.js';
import { reaper } from './dev/reaper.js';
import { temporaryFolder } from './dev/temporaryFolder.js';
import { UserError } from './dev/userError.js';

const help = `npm run chaos -- [options]

Sends orders to 2 webs and 4 workers on PostgreSQL, Redis and a gateway of their own while processes, servers, connections,
clocks and the gateway fail every 1 to 5 s, then checks that nothing is lost, doubled, stuck or oversold (exit code 0).

  --orders N     orders (500)
  --within N     seconds within which they are sent, evenly; the fewer, the more are in flight at once (all the time)
  --seconds N    how long things go wrong (45)
  --seed N       what goes wrong, in what order and how, follows from it (random)
  --folder DIR   keeps data, logs, the gateway's ledger and what clients were told there; scripts/chaos/check.ts looks again
  --json         one JSON document on standard output instead of the table
`;

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '45' },
    within: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    folder: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

function wholeNumber(name: 'orders' | 'seconds' | 'within' | 'seed', least: number): number {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < least)
    throw new UserError(`--${name} wants a whole number from ${least} on, not ${values[name]}`);
  return number;
}

function folder(): string {
  if (values.folder) {
    mkdirSync(values.folder, { recursive: true });
    if (readdirSync(values.folder).length > 0)
      throw new UserError(`--folder wants an empty folder, not ${values.folder}`);
    return resolve(values.folder);
  }
  const made = temporaryFolder('flowmart-chaos-');
  reaper.remove(made);
  return made;
}

async function main(): Promise<void> {
  const seconds = wholeNumber('seconds', 5);
  const numbers = {
    orders: wholeNumber('orders', 1),
    seconds,
    within: values.within === undefined ? seconds : wholeNumber('within', 1),
    seed: wholeNumber('seed', 0),
  };
  if (numbers.within > seconds) throw new UserError('--within wants no more than --seconds');
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort(new UserError('Interrupted; everything is stopped.')));
  const where = folder();
  try {
    say(`Seed ${numbers.seed}`);
    const verdict = await runChaos({ ...numbers, folder: where, say, signal: interrupted.signal });
    process.stdout.write(`${values.json ? JSON.stringify(verdict, null, 2) : describeVerdict(verdict)}\n`);
    process.exitCode = verdict.ok ? 0 : 1;
  } catch (error) {
    throw interrupted.signal.aborted ? interrupted.signal.reason : error;
  } finally {
    if (!values.folder) {
      rmSync(where, { recursive: true, force: true });
      reaper.removed(where);
    }
  }
}

if (values.help) process.stdout.write(help);
else {
  await main().catch((error: unknown) => {
    say(error instanceof UserError ? error.message : inspect(error));
    process.exitCode = error instanceof UserError ? 2 : 1;
  });
}

import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleInto } from './crashPoints/bundle.js';
import { type CrashPointVerdict, runCrashPoints } from './crashPoints/run.js';
import { reaper } from './dev/reaper.js';
import { temporaryFolder } from './dev/temporaryFolder.js';
import { UserError } from './dev/userError.js';

const help = `npm run crashpoints -- [options]

Every await of the engine and of the workers of outside calls is a crash point. Kills a web and a worker at each of them, the
first time they come there and a later time, while orders of every fate come in; then checks that nothing is lost, doubled or
stuck (exit code 0).

  --deaths N     only so many, chosen by the seed (two for every point)
  --seconds N    kills for so long at most (as long as it takes)
  --only TEXT    only points whose name contains this
  --seed N       on which side of what is awaited they die, and how often they pass by before (random)
  --folder DIR   keeps data and logs there
  --list         only says which crash points there are
  --json         one JSON document on standard output
`;

const { values } = parseArgs({
  options: {
    deaths: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    folder: { type: 'string' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

function wholeNumber(name: 'deaths' | 'seconds' | 'seed', least: number): number {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < least)
    throw new UserError(`--${name} wants a whole number from ${least} on, not ${values[name]}`);
  return number;
}

function describe(verdict: CrashPointVerdict): string {
  const { machine, seed, points, deaths, orders, seconds } = verdict;
  const list = (title: string, lines: readonly string[]) => lines.map((line) => `${title}: ${line}`);
  return [
    `${verdict.date}, seed ${seed}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`,
    `${points} crash points, ${deaths.length} deaths, ${orders} orders, ${seconds} s`,
    ...list('nobody came by', verdict.unexplained),
    ...list('missed', verdict.missed),
    ...list('strange', verdict.strange),
    ...list('wrong', verdict.wrong),
    verdict.ok ? 'Nothing is wrong.' : 'Something is wrong.',
  ].join('\n');
}

async function main(): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort(new UserError('Interrupted; everything is stopped.')));
  const seed = wholeNumber('seed', 0);
  const deaths = values.deaths === undefined ? undefined : wholeNumber('deaths', 1);
  const seconds = values.seconds === undefined ? undefined : wholeNumber('seconds', 1);
  const folder = values.folder ? resolve(values.folder) : temporaryFolder('flowmart-crash-');
  mkdirSync(folder, { recursive: true });
  if (!values.folder) reaper.remove(folder);
  try {
    if (values.list) {
      process.stdout.write(`${(await bundleInto(folder)).join('\n')}\n`);
      return;
    }
    say(`Seed ${seed}`);
    const { only } = values;
    const verdict = await runCrashPoints({ seed, deaths, seconds, only, folder, say, signal: interrupted.signal });
    process.stdout.write(`${values.json ? JSON.stringify(verdict, null, 2) : describe(verdict)}\n`);
    process.exitCode = verdict.ok ? 0 : 1;
  } catch (error) {
    throw interrupted.signal.aborted ? interrupted.signal.reason : error;
  } finally {
    if (!values.folder) {
      rmSync(folder, { recursive: true, force: true });
      reaper.removed(folder);
    }
  }
}

if (values.help) process.stdout.write(help);
else {
  await main().catch((error: unknown) => {
    say(error instanceof UserError ? error.message : String((error as Error).stack));
    process.exitCode = error instanceof UserError ? 2 : 1;
  });
}

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Ending, simulate, tellEnding } from './simulation/simulate.js';

const help = `npm run simulate -- [options]

Plays stories in memory: the real machines, rules and effects, wired by the topology, under one scheduler that loses, doubles, delays
and reorders wake-ups, loses requests and answers of the bank and the carriers, kills processes, and moves time. After each story:
money, stock, orders and journals must be right. A seed always gives the same story.

  --seeds N      how many stories (2000)
  --from N       the first seed (1)
  --processes N  how many processes play (2)
  --seed N       plays this one and prints what happens; of a failing one, the smallest story that fails

Exit code 0 when every promise was kept, 1 when one was broken.
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    processes: { type: 'string', default: '2' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** What a playing process is asked for: every `step`th seed of a range. */
interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** Stories that fail in one process before it gives up. */
const enough = 5;

/** Plays a share, and tells the parent of every ending. */
async function playShare({ from, to, step }: Share): Promise<void> {
  for (let seed = from, failed = 0; seed < to && failed < enough; seed += step) {
    const ending = await simulate(seed);
    if (ending.violation) failed += 1;
    process.send?.(ending.violation ? ending : null);
  }
  process.disconnect();
}

async function playAll(from: number, seeds: number, processes: number): Promise<number> {
  const startedAt = performance.now();
  const failed: Ending[] = [];
  let played = 0;
  const tell = () => {
    const seconds = (performance.now() - startedAt) / 1000;
    const left = Math.round((seconds / played) * (seeds - played));
    process.stdout.write(`  ${played} of ${seeds} stories, ${failed.length} failed, about ${left} s left\n`);
  };
  const ticker = setInterval(() => played > 0 && tell(), 10_000);
  const players = Array.from({ length: processes }, (_, n) => {
    const child = fork(fileURLToPath(import.meta.url), { execArgv: ['--import', 'tsx'] });
    child.send({ from: from + n, to: from + seeds, step: processes } satisfies Share);
    child.on('message', (ending: Ending | null) => {
      played += 1;
      if (!ending) return;
      failed.push(ending);
      process.stdout.write(`${tellEnding(ending)}\n`);
    });
    return ended(child);
  });
  try {
    await Promise.all(players);
  } finally {
    clearInterval(ticker);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const verdict =
    failed.length === 0 ? 'every promise kept' : `broken by seeds ${failed.map(({ seed }) => seed).join(', ')}`;
  process.stdout.write(`${played} stories in ${seconds} s (seeds ${from} to ${from + seeds - 1}): ${verdict}\n`);
  return failed.length === 0 && played === seeds ? 0 : 1;
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a playing process ended with ${code}`))));
  });

const count = (name: 'seeds' | 'from' | 'processes'): number => {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${name} wants a whole number above 0`);
};

async function main(): Promise<number> {
  if (values.seed === undefined) return playAll(count('from'), count('seeds'), count('processes'));
  const ending = await simulate(Number(values.seed));
  process.stdout.write(tellEnding(ending));
  return ending.violation ? 1 : 0;
}

if (process.send) process.once('message', (share: Share) => void playShare(share));
else if (values.help) process.stdout.write(help);
else {
  process.exitCode = await main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    return 1;
  });
}

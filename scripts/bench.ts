import { rmSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Completions, closedLoop, openLoop } from './bench/load.js';
import { figuresOf, percentiles, readCounters, round } from './bench/measure.js';
import { promised, readPromises } from './bench/promises.js';
import { describeSoak, type SoakReport, soak } from './bench/soak.js';
import { openStage, type Stage } from './bench/stage.js';
import { type BenchReport, type ClosedRow, describe, type OpenRow } from './bench/table.js';
import { perOrderTransactions, sixJobChain } from './bench/yardsticks.js';
import { temporaryFolder } from './dev/temporaryFolder.js';
import { UserError } from './dev/userError.js';

const help = `npm run bench -- [options]

Measures whole orders (POST, stock, fraud, charge, shipment, notifications) on real processes of this machine.

  --seconds N      length of each run (10)
  --inflight LIST  orders between POST and booked shipment (32,64,256)
  --workers LIST   worker processes (1,2)
  --open LIST      arrival rates in percent of the measured capacity (25,50,75,90); "none" leaves that part out
  --mail           customers have an address, so that an order is three mails, too, each an outside call; they are guests otherwise
  --soak N         instead of all that: N orders in a row, whether memory and tables stay flat and promises are kept (streams keep 100,000
                   events each, so Redis grows until some 100,000 orders)
  --json           one JSON document on standard output instead of the table
`;

const list = (text: string): number[] => (text === 'none' ? [] : text.split(',').map(Number));

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    inflight: { type: 'string', default: '32,64,256' },
    workers: { type: 'string', default: '1,2' },
    open: { type: 'string', default: '25,50,75,90' },
    soak: { type: 'string' },
    mail: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Runs the whole bench. */
async function bench(): Promise<BenchReport> {
  const seconds = Number(values.seconds);
  const inFlights = list(values.inflight);
  const workerCounts = list(values.workers);
  const shares = list(values.open);
  if ([seconds, ...inFlights, ...workerCounts, ...shares].some((n) => !Number.isFinite(n) || n <= 0)) {
    throw new UserError('Every number must be positive; see --help.');
  }
  const folder = temporaryFolder('flowmart-bench-');
  const closed: Omit<ClosedRow, 'perOrderTransactionRatio' | 'sixJobChainRatio'>[] = [];
  const open: OpenRow[] = [];
  let yardsticks = { perOrderTransactions: 0, sixJobChain: 0 };
  try {
    for (const workers of workerCounts) {
      say(`Starting PostgreSQL, Redis, the sandbox, 1 web and ${workers} worker${workers > 1 ? 's' : ''} …`);
      const stage = await openStage(join(folder, String(workers)), workers, { mail: values.mail });
      try {
        const completions = new Completions(stage.redis);
        say('Warming up …');
        // A process that has just started is busy compiling what is hot, whichever way it is loaded then.
        await closedLoop(stage, completions, Math.max(...inFlights), { seconds: Math.min(30, 3 * seconds) });
        for (const inFlight of inFlights) closed.push(await runClosed(stage, completions, workers, inFlight, seconds));
        const capacity = Math.max(...closed.filter((row) => row.workers === workers).map((row) => row.ordersPerSecond));
        for (const share of shares)
          open.push(await runOpen(stage, completions, workers, share / 100, capacity, seconds));
        completions.close();
        if (yardsticks.sixJobChain === 0) yardsticks = await measureYardsticks(stage, seconds);
      } finally {
        await stage.close();
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const best = (workers: number | undefined) =>
    Math.min(...closed.filter((row) => row.workers === workers).map((row) => row.cpuMsPerOrderTotal));
  return {
    date: new Date().toISOString(),
    machine: {
      cores: cpus().length,
      cpu: cpus()[0]?.model ?? '?',
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.versions.node,
    },
    seconds,
    mail: values.mail,
    yardsticks,
    closed: closed.map((row) => ({
      ...row,
      perOrderTransactionRatio: round(row.ordersPerSecond / yardsticks.perOrderTransactions, 2),
      sixJobChainRatio: round(row.ordersPerSecond / yardsticks.sixJobChain, 2),
    })),
    open,
    addedWorkerCpu: workerCounts.length > 1 ? round(best(workerCounts.at(-1)) / best(workerCounts[0]) - 1, 2) : null,
  };
}

async function runClosed(stage: Stage, completions: Completions, workers: number, inFlight: number, seconds: number) {
  const before = await readCounters(stage);
  const load = await closedLoop(stage, completions, inFlight, { seconds });
  const figures = figuresOf(stage, load, before, await readCounters(stage));
  say(
    `${workers} worker(s), ${inFlight} in flight: ${figures.ordersPerSecond} orders/s, ${figures.cpuMsPerOrderTotal} CPU ms per order${load.failures[0] ? `, first failure: ${load.failures[0]}` : ''}`,
  );
  return { workers, inFlight, ...figures };
}

async function runOpen(
  stage: Stage,
  completions: Completions,
  workers: number,
  share: number,
  capacity: number,
  seconds: number,
): Promise<OpenRow> {
  const rate = Math.max(1, Math.round(capacity * share));
  const load = await openLoop(stage, completions, rate, seconds);
  await untilMailHasLeft(stage);
  const promises = await readPromises(stage, load.sent);
  say(`${workers} worker(s), ${rate} orders/s offered: order p99 ${promises.orderP99} ms`);
  return {
    workers,
    share,
    ordersPerSecond: rate,
    failures: load.failures.length,
    acceptP99: percentiles(load.sent.map(({ acceptMs }) => acceptMs)).p99,
    ...promises,
  };
}

/** Notifications may leave a moment after the shipment is booked; who takes longer than promised need not be waited for. */
async function untilMailHasLeft(stage: Stage): Promise<void> {
  const deadline = Date.now() + promised.notificationP99;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { rows } = await stage.sql.query(
      `select from notifications.notifications where delivery_status = 'queued' limit 1`,
    );
    if (rows.length === 0 || Date.now() > deadline) return;
  }
}

async function measureYardsticks(stage: Stage, seconds: number) {
  say('Yardsticks …');
  return {
    perOrderTransactions: round(await perOrderTransactions(stage.databaseUrl, seconds)),
    sixJobChain: round(await sixJobChain(stage.redisUrl, seconds)),
  };
}

/** Runs the soak on the first number of workers and of orders in flight. */
async function soakRun(orders: number): Promise<SoakReport> {
  const [workers, inFlight] = [list(values.workers)[0] ?? 1, list(values.inflight)[0] ?? 64];
  if (!Number.isFinite(orders) || orders < 100) throw new UserError('--soak wants at least 100 orders; see --help.');
  const folder = temporaryFolder('flowmart-soak-');
  try {
    say(`Starting PostgreSQL, Redis, the sandbox, 1 web and ${workers} worker${workers > 1 ? 's' : ''} …`);
    const stage = await openStage(folder, workers, { mail: values.mail });
    try {
      const completions = new Completions(stage.redis);
      const report = await soak(stage, completions, { orders, inFlight, say });
      completions.close();
      return report;
    } finally {
      await stage.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(help);
else {
  try {
    if (values.soak === undefined) {
      const report = await bench();
      process.stdout.write(`${values.json ? JSON.stringify(report, null, 2) : describe(report)}\n`);
    } else {
      const report = await soakRun(Number(values.soak));
      process.stdout.write(`${values.json ? JSON.stringify(report, null, 2) : describeSoak(report)}\n`);
      if (!report.flat || !report.kept) process.exitCode = 1;
    }
  } catch (error) {
    process.stderr.write(`${error instanceof UserError ? error.message : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
}

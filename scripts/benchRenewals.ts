import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config.js';
import { Completions, type LoadResult, openLoop } from './bench/load.js';
import { figuresOf, readCounters, round } from './bench/measure.js';
import { openStage, type Stage } from './bench/stage.js';
import { type Machine, thisMachine } from './dev/machine.js';
import { temporaryFolder } from './dev/temporaryFolder.js';
import { UserError } from './dev/userError.js';
import { subscribeMany } from './renewals/copies.js';
import { countRenewed, findDoubles, lastPaidAt } from './renewals/progress.js';
import { type RedisLoad, RedisWatch, readRedisLoad } from './renewals/redisLoad.js';
import { readLedger } from './stripeSandbox/ledger.js';
import { enterWorld } from './years/world.js';

const help = `npm run bench:renewals -- [options]

Has many subscriptions renew at the same instant of the real clock (harder than within an hour), and measures how long until
each has paid, what Redis carries, and how an even trickle of orders fares meanwhile and without. One subscription is made by
the engine, the others are copies of its rows. Exit code 0 when each was billed and charged exactly once.

  --renewals N   (50000)
  --orders N     orders per second, before and meanwhile (5)
  --seconds N    of orders alone, before (20)
  --lead N       seconds from the start until the renewals are due; longer when the copies take longer (120 + N/200)
  --workers N    worker processes (1)
  --json         one JSON document on standard output
`;

const { values } = parseArgs({
  options: {
    renewals: { type: 'string', default: '50000' },
    orders: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '20' },
    lead: { type: 'string' },
    workers: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

interface Orders {
  readonly orders: number;
  readonly failures: number;
  readonly acceptMs: { readonly p50: number; readonly p99: number };
  readonly paidMs: { readonly p50: number; readonly p99: number };
}

interface Report {
  readonly ok: boolean;
  readonly date: string;
  readonly machine: Machine;
  readonly renewals: number;
  /** From the due instant until the last one was paid. */
  readonly seconds: number;
  readonly renewalsPerSecond: number;
  readonly redis: {
    readonly before: RedisLoad;
    readonly meanwhile: RedisLoad | null;
    readonly commandsPerRenewal: number;
  };
  readonly ordersAlone: Orders;
  readonly ordersMeanwhile: Orders;
  readonly doubles: readonly string[];
}

function wholeNumber(name: 'renewals' | 'orders' | 'seconds' | 'workers' | 'lead', most: number): number {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new UserError(`--${name} wants a whole number from 1 to ${most}, not ${values[name]}`);
  return number;
}

/** Orders at an even rate while `goesOn`, in stretches; answers all of them as one. */
async function trickle(stage: Stage, completions: Completions, rate: number, goesOn: () => boolean): Promise<Orders> {
  const loads: LoadResult[] = [];
  const before = await readCounters(stage);
  while (goesOn()) loads.push(await openLoop(stage, completions, rate, 5));
  const [first, last] = [loads[0], loads.at(-1)];
  if (!first || !last) throw new Error('no order was sent');
  const load = {
    began: first.began,
    ended: last.ended,
    sent: loads.flatMap(({ sent }) => sent),
    failures: loads.flatMap(({ failures }) => failures),
  };
  const { orders, failures, acceptMs, paidMs } = await figuresOf(stage, load, before, await readCounters(stage));
  return { orders, failures, acceptMs, paidMs };
}

async function renewals(): Promise<Report> {
  const count = wholeNumber('renewals', 1_000_000);
  const rate = wholeNumber('orders', 1_000);
  const seconds = wholeNumber('seconds', 3_600);
  const folder = temporaryFolder('flowmart-renewals-');
  try {
    say('Starting PostgreSQL, Redis, the sandbox, 1 web and the workers …');
    const ledger = join(folder, 'gateway.jsonl');
    const stage = await openStage(folder, wholeNumber('workers', 16), {
      env: { TEST_CLOCKS: 'on' },
      sandboxArgs: ['--ledger', ledger],
    });
    const completions = new Completions(stage.redis);
    const world = enterWorld({ config: loadConfig(stage.env), sandboxUrl: stage.sandboxUrl });
    try {
      const lead = values.lead ? wholeNumber('lead', 36_000) : 120 + Math.ceil(count / 200);
      const dueAt = Math.ceil(Date.now() / 1000 + seconds + lead) * 1000;
      await subscribeMany(world, stage.sql, count, dueAt);
      say(`${count} subscriptions are there; orders alone for ${seconds} s …`);
      const until = Date.now() + seconds * 1000;
      const ordersAlone = await trickle(stage, completions, rate, () => Date.now() < until);
      if (Date.now() > dueAt) throw new UserError('The renewals came due too soon; try a longer --lead.');
      say(`The renewals are due in ${Math.round((dueAt - Date.now()) / 1000)} s …`);
      await sleep(dueAt - Date.now());
      const before = await readRedisLoad(stage.redis);
      const watch = new RedisWatch(stage.redis);
      let isGoingOn = true;
      const meanwhile = trickle(stage, completions, rate, () => isGoingOn);
      const lastAt = await allRenewed(stage, count, dueAt).finally(() => {
        isGoingOn = false;
      });
      const ordersMeanwhile = await meanwhile;
      const after = await readRedisLoad(stage.redis);
      const doubles = await findDoubles(stage.sql, dueAt, readLedger(ledger));
      const took = (lastAt - dueAt) / 1000;
      return {
        ok: doubles.length === 0,
        date: new Date().toISOString(),
        machine: thisMachine(),
        renewals: count,
        seconds: round(took),
        renewalsPerSecond: round(count / took),
        redis: {
          before,
          meanwhile: watch.stop(),
          commandsPerRenewal: round((after.commands - before.commands) / count),
        },
        ordersAlone,
        ordersMeanwhile,
        doubles,
      };
    } finally {
      completions.close();
      await world.close();
      await stage.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until all have paid; answers when the last one did. Gives up after ten minutes without any. */
async function allRenewed(stage: Stage, count: number, dueAt: number): Promise<number> {
  let last = 0;
  for (let movedAt = Date.now(); ; await sleep(1000)) {
    const renewed = await countRenewed(stage.sql, dueAt);
    if (renewed >= count) return lastPaidAt(stage.sql, dueAt);
    if (Math.floor((renewed * 10) / count) > Math.floor((last * 10) / count)) say(`${renewed} of ${count} have paid`);
    if (renewed > last) movedAt = Date.now();
    else if (Date.now() - movedAt > 600_000) throw new Error(`${renewed} of ${count} have paid, and no more`);
    last = renewed;
  }
}

function describe({ renewals: count, redis, ordersAlone, ordersMeanwhile, ...report }: Report): string {
  const orders = ({ orders: number, failures, acceptMs, paidMs }: Orders) =>
    `${number} orders, ${failures} failures, accept p50/p99 ${acceptMs.p50}/${acceptMs.p99} ms, paid p50/p99 ${paidMs.p50}/${paidMs.p99} ms`;
  const load = ({ keys, memoryMiB, delayedJobs }: RedisLoad) =>
    `${keys} keys, ${memoryMiB} MiB, ${delayedJobs} delayed jobs`;
  return [
    `${count} renewals in ${report.seconds} s: ${report.renewalsPerSecond} per second`,
    `Redis before     ${load(redis.before)}`,
    `Redis at most    ${redis.meanwhile ? load(redis.meanwhile) : '-'}; ${redis.commandsPerRenewal} commands per renewal, orders included`,
    `orders alone     ${orders(ordersAlone)}`,
    `orders meanwhile ${orders(ordersMeanwhile)}`,
    report.ok
      ? 'each was billed and charged exactly once'
      : `FAILS: ${report.doubles.length} were not billed exactly once`,
    ...report.doubles.slice(0, 10),
  ].join('\n');
}

if (values.help) process.stdout.write(help);
else {
  try {
    const report = await renewals();
    process.stdout.write(`${values.json ? JSON.stringify(report, null, 2) : describe(report)}\n`);
    process.exitCode = report.ok ? 0 : 1;
  } catch (error) {
    say(error instanceof UserError ? error.message : String((error as Error).stack));
    process.exitCode = error instanceof UserError ? 2 : 1;
  }
}

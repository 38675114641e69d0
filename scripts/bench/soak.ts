import { residentMiB } from './cpu.js';
import { type Completions, closedLoop } from './load.js';
import { round } from './measure.js';
import { type Promises, promised, readPromises } from './promises.js';
import type { Stage } from './stage.js';

/** What is in memory and in the tables that must not grow, after so many orders. */
export interface Sample {
  readonly orders: number;
  readonly rssMiB: Readonly<Record<string, number>>;
  readonly redisMiB: number;
  readonly mailbox: number;
  readonly deadLetters: number;
  /** An order that is booked and not yet under way waits for its carrier, with a timer; so timers per order are what must stay. */
  readonly timersPerOrder: number;
}

export interface SoakReport {
  readonly orders: number;
  readonly failures: number;
  readonly firstFailure: string | null;
  readonly ordersPerSecond: number;
  readonly samples: readonly Sample[];
  /** By how much each figure of the last quarter is above that of the second (0.1 = a tenth). */
  readonly growth: Readonly<Record<string, number>>;
  readonly flat: boolean;
  /** The worst p99 of each promise in any twentieth of the run, ms. */
  readonly promises: Promises;
  readonly kept: boolean;
}

const steps = 20;
/** What may come and go between two collections. */
const tolerance = 0.15;

/** Places orders one after the other, `inFlight` at a time, and looks again and again at what must stay as it is. */
export async function soak(
  stage: Stage,
  completions: Completions,
  options: { readonly orders: number; readonly inFlight: number; readonly say: (text: string) => void },
): Promise<SoakReport> {
  const samples: Sample[] = [];
  const began = Date.now();
  let orders = 0;
  let failures = 0;
  let firstFailure: string | null = null;
  let promises: Promises = { orderP99: 0, paymentP99: 0, stockP99: 0, notificationP99: 0 };
  for (let step = 1; step <= steps; step++) {
    const load = await closedLoop(stage, completions, options.inFlight, { orders: Math.ceil(options.orders / steps) });
    orders += load.sent.length;
    failures += load.failures.length;
    firstFailure ??= load.failures[0] ?? null;
    promises = worse(promises, await readPromises(stage, load.sent));
    const sample = await look(stage, orders);
    samples.push(sample);
    options.say(`${orders} orders: ${describe(sample)}`);
  }
  const growth = growthOf(samples);
  return {
    orders,
    failures,
    firstFailure,
    ordersPerSecond: round((orders * 1000) / (Date.now() - began)),
    samples,
    growth,
    flat: failures === 0 && Object.values(growth).every((share) => share <= tolerance),
    promises,
    kept: names.every((name) => promises[name] <= promised[name]),
  };
}

const names = Object.keys(promised) as (keyof Promises)[];
const worse = (one: Promises, other: Promises): Promises =>
  Object.fromEntries(names.map((name) => [name, Math.max(one[name], other[name])])) as unknown as Promises;

async function look(stage: Stage, orders: number): Promise<Sample> {
  const { rows } = await stage.sql.query<Record<'mailbox' | 'timers' | 'dead', string>>(`
    select (select count(*) from runtime.mailbox) as mailbox, (select count(*) from runtime.timers) as timers,
      (select count(*) from runtime.dead_letters) as dead`);
  const [counts] = rows;
  const memory = /used_memory:(\d+)/.exec(await stage.redis.info('memory'));
  const watched = Object.entries(stage.processes).filter(([name]) => name === 'web' || name.startsWith('worker'));
  return {
    orders,
    rssMiB: Object.fromEntries(watched.map(([name, { pid }]) => [name, residentMiB(pid)])),
    redisMiB: round(Number(memory?.[1] ?? 0) / 2 ** 20),
    mailbox: Number(counts?.mailbox),
    deadLetters: Number(counts?.dead),
    timersPerOrder: round(Number(counts?.timers) / orders, 2),
  };
}

/** Compares the mean of the last quarter with that of the second: the first is warming up. */
export function growthOf(samples: readonly Sample[]): Record<string, number> {
  const quarter = Math.floor(samples.length / 4);
  const series = (sample: Sample): Record<string, number> => ({
    ...sample.rssMiB,
    redis: sample.redisMiB,
    // Some messages are always on their way; what counts is whether they become more.
    mailbox: sample.mailbox + 1000,
    deadLetters: sample.deadLetters + 1,
    timersPerOrder: sample.timersPerOrder + 0.1,
  });
  const mean = (part: readonly Sample[], name: string) =>
    part.reduce((sum, sample) => sum + (series(sample)[name] ?? 0), 0) / part.length;
  const [before, last] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)];
  return Object.fromEntries(
    Object.keys(series(samples[0] as Sample)).map((name) => [
      name,
      round(mean(last, name) / mean(before, name) - 1, 2),
    ]),
  );
}

function describe({ rssMiB, redisMiB, mailbox, deadLetters, timersPerOrder }: Sample): string {
  const memory = Object.entries(rssMiB).map(([name, mib]) => `${name} ${mib} MiB`);
  return `${memory.join(', ')}, Redis ${redisMiB} MiB, mailbox ${mailbox}, dead letters ${deadLetters}, timers per order ${timersPerOrder}`;
}

/** The report for people. */
export function describeSoak(report: SoakReport): string {
  const grown = Object.entries(report.growth).map(
    ([name, share]) => `${name} ${share > 0 ? '+' : ''}${round(share * 100)} %`,
  );
  return [
    `${report.orders} orders in a row at ${report.ordersPerSecond}/s, ${report.failures} failures${report.firstFailure ? `, first: ${report.firstFailure}` : ''}.`,
    `From the second quarter to the last: ${grown.join(', ')}.`,
    report.flat ? 'Flat.' : 'Not flat.',
    `p99 at worst: order ${report.promises.orderP99} ms, payment ${report.promises.paymentP99}, stock ${report.promises.stockP99}, notification ${report.promises.notificationP99}.`,
    report.kept ? 'Every promise is kept.' : 'Not every promise is kept.',
  ].join('\n');
}

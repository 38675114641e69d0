import { cpuMs, residentMiB } from './cpu.js';
import type { LoadResult } from './load.js';
import type { Stage } from './stage.js';

/** Counters of the outside world at one instant. */
export interface Counters {
  readonly cpu: Readonly<Record<string, number>>;
  readonly commits: number;
  readonly redisCommands: number;
  readonly messages: number;
  readonly jobs: number;
  readonly journalRows: number;
}

/** Reads every counter that the bench takes differences of. */
export async function readCounters(stage: Stage): Promise<Counters> {
  const cpu = Object.fromEntries(Object.entries(stage.processes).map(([name, { pid }]) => [name, cpuMs(pid)]));
  const one = async (text: string): Promise<number> =>
    Number((await stage.sql.query<{ n: string }>(text)).rows[0]?.n ?? 0);
  const info = await stage.redis.info('stats');
  const jobKeys = await stage.redis.keys('{flowmart}:*:id');
  const counts = jobKeys.length > 0 ? await stage.redis.mget(jobKeys) : [];
  return {
    cpu,
    commits: await one('select xact_commit as n from pg_stat_database where datname = current_database()'),
    redisCommands: Number(/total_commands_processed:(\d+)/.exec(info)?.[1] ?? 0),
    messages: await one(
      `select last_value as n from pg_sequences where schemaname = 'runtime' and sequencename = 'mailbox_seq_seq'`,
    ),
    jobs: counts.reduce((sum, count) => sum + Number(count ?? 0), 0),
    journalRows: await one(
      `select last_value as n from pg_sequences where schemaname = 'runtime' and sequencename = 'journal_seq_seq'`,
    ),
  };
}

/** Percentiles of a list, by nearest rank. */
export function percentiles(values: readonly number[]): { p50: number; p99: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    round(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN);
  return { p50: at(0.5), p99: at(0.99) };
}

export const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

/** The figures of one run of load. */
export interface Figures {
  readonly orders: number;
  readonly failures: number;
  readonly ordersPerSecond: number;
  readonly acceptMs: { p50: number; p99: number };
  readonly paidMs: { p50: number; p99: number };
  readonly bookedMs: { p50: number; p99: number };
  readonly cpuMsPerOrder: Readonly<Record<string, number>>;
  /** Of FlowMart, PostgreSQL and Redis: without the load generator and the gateway. */
  readonly cpuMsPerOrderTotal: number;
  readonly messagesPerOrder: number;
  readonly messagesPerCommit: number;
  readonly messagesPerPacket: number;
  readonly commitsPerOrder: number;
  readonly redisCommandsPerOrder: number;
  readonly rssMiB: Readonly<Record<string, number>>;
}

/** Works a run's figures out of its load and the counters around it. */
export function figuresOf(stage: Stage, load: LoadResult, before: Counters, after: Counters): Figures {
  const { sent } = load;
  const orders = sent.length;
  // As the outside hears of it: after the commit, and through the stream.
  const since = (milestone: 'paid' | 'booked') =>
    sent.flatMap(({ sentAt, heard }) => (heard[milestone] === undefined ? [] : [heard[milestone] - sentAt]));
  const per = (name: keyof Omit<Counters, 'cpu'>) => (after[name] - before[name]) / orders;
  const cpuMsPerOrder = Object.fromEntries(
    Object.keys(after.cpu).map((name) => [name, round(((after.cpu[name] ?? 0) - (before.cpu[name] ?? 0)) / orders, 2)]),
  );
  const total = Object.entries(cpuMsPerOrder).reduce((sum, [name, ms]) => (name === 'sandbox' ? sum : sum + ms), 0);
  return {
    orders,
    failures: load.failures.length,
    ordersPerSecond: round((orders * 1000) / (load.ended - load.began)),
    acceptMs: percentiles(sent.map(({ acceptMs }) => acceptMs)),
    paidMs: percentiles(since('paid')),
    bookedMs: percentiles(since('booked')),
    cpuMsPerOrder,
    cpuMsPerOrderTotal: round(total, 2),
    messagesPerOrder: round(per('messages')),
    messagesPerCommit: round(per('journalRows') / per('commits')),
    messagesPerPacket: round(per('messages') / per('jobs')),
    commitsPerOrder: round(per('commits'), 2),
    redisCommandsPerOrder: round(per('redisCommands')),
    rssMiB: Object.fromEntries(Object.entries(stage.processes).map(([name, { pid }]) => [name, residentMiB(pid)])),
  };
}

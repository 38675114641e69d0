import type { Machine } from '../dev/machine.js';
import type { CheckName, Findings } from './check/checks.js';
import type { FaultKind } from './faults.js';
import type { Struck } from './nemesis.js';
import type { Recovery } from './recovery.js';

/** What a run of chaos found out. */
export interface Verdict {
  readonly date: string;
  readonly seed: number;
  readonly seconds: number;
  /** Seconds within which all orders were sent. */
  readonly within: number;
  /** `loadBefore`: how many processes were running or waiting for a core in the minute before the run. */
  readonly machine: Machine & { readonly redis: string; readonly loadBefore: number };
  /** The checker found nothing, and nothing ended that had not been killed. */
  readonly ok: boolean;
  readonly orders: {
    readonly acknowledged: number;
    readonly inFlightAtMost: number;
    readonly byOutcome: Readonly<Record<string, number>>;
  };
  readonly faults: {
    readonly total: number;
    readonly byKind: Readonly<Partial<Record<FaultKind, number>>>;
    readonly processKills: number;
    /** Redis killed or emptied. */
    readonly redisLosses: number;
    readonly postgresRestarts: number;
    /** Why some could not be done here. */
    readonly skipped: readonly string[];
  };
  readonly lost: number;
  readonly doubled: number;
  readonly stuck: number;
  readonly oversold: number;
  /** From the end of the last fault until nothing moved any more; null when that was not to be waited for. */
  readonly settleSeconds: number | null;
  readonly recoverySeconds: Recovery;
  readonly findings: Findings;
  /** Processes that ended without having been killed. */
  readonly deaths: readonly string[];
}

/** Counts what has struck. Pure. */
export function countFaults(struck: readonly Pick<Struck, 'fault' | 'skipped'>[]): Verdict['faults'] {
  const done = struck.filter(({ skipped }) => skipped === null).map(({ fault }) => fault);
  const byKind: Partial<Record<FaultKind, number>> = {};
  for (const { kind } of done) byKind[kind] = (byKind[kind] ?? 0) + 1;
  return {
    total: done.length,
    byKind,
    processKills: done.reduce((sum, fault) => sum + (fault.kind === 'processKill' ? fault.targets.length : 0), 0),
    redisLosses: (byKind.redisKill ?? 0) + (byKind.redisFlush ?? 0),
    postgresRestarts: byKind.postgresRestart ?? 0,
    skipped: struck.flatMap(({ fault, skipped }) => (skipped === null ? [] : [`${fault.kind}: ${skipped}`])),
  };
}

/** What the checks found, as the four promises. Pure. */
export function countFindings(findings: Findings): Pick<Verdict, 'lost' | 'doubled' | 'stuck' | 'oversold'> {
  const of = (...names: readonly CheckName[]) => names.reduce((sum, name) => sum + findings[name].length, 0);
  return {
    lost: of('acknowledgedOrdersExist'),
    doubled: of('nothingIsChargedTwice', 'ordersWereAskedForOnce', 'messagesAreTakenOnce'),
    stuck: of('everyActorRests', 'nothingIsLeftOver', 'nothingIsDead'),
    oversold: of('stockIsNeverNegative'),
  };
}

/** The verdict for people. */
export function describeVerdict(verdict: Verdict): string {
  const { machine, orders, faults, recoverySeconds: recovery } = verdict;
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ');
  const rows: [string, string][] = [
    ['run', `${verdict.date}, seed ${verdict.seed}, ${verdict.seconds} s, orders sent within ${verdict.within} s`],
    [
      'machine',
      `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, ${machine.redis}, load ${machine.loadBefore} before the run`,
    ],
    ['orders', `${orders.acknowledged} acknowledged, ${orders.inFlightAtMost} in flight at most`],
    ['outcomes', list(orders.byOutcome)],
    ['faults', `${faults.total}: ${list(faults.byKind)}`],
    [
      '',
      `${faults.processKills} process kills, ${faults.redisLosses} Redis losses, ${faults.postgresRestarts} PostgreSQL restarts`,
    ],
    ...faults.skipped.map((why): [string, string] => ['skipped', why]),
    ['lost, doubled, stuck, oversold', `${verdict.lost}, ${verdict.doubled}, ${verdict.stuck}, ${verdict.oversold}`],
    ['settled', verdict.settleSeconds === null ? 'no' : `${verdict.settleSeconds} s after the last fault`],
    ['works again', `p50 ${recovery.system.p50} s, p99 ${recovery.system.p99} s after a fault`],
    ['orders in flight done', `p50 ${recovery.orders.p50} s, p99 ${recovery.orders.p99} s after a fault`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`),
    '',
    ...describeFindings(verdict.findings),
    ...verdict.deaths,
    verdict.ok ? 'Nothing is wrong.' : 'Something is wrong.',
  ].join('\n');
}

/** What is wrong, one line each. */
export const describeFindings = (findings: Findings): string[] =>
  Object.entries(findings).flatMap(([check, found]) => found.map(({ about, what }) => `${check}: ${about} ${what}`));

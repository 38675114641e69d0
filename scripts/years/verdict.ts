import type { Machine } from '../dev/machine.js';
import type { LedgerEntry } from '../stripeSandbox/ledger.js';
import { bankAgrees, compare, type Findings, nobodyIsStuck, numbersFollow, periodsFollow } from './checks.js';
import { digestOf, expectedLedger, storedLedger } from './ledger.js';
import type { Life } from './lives.js';
import type { Played, World } from './play.js';

/** What a simulation found out. */
export interface Verdict {
  readonly ok: boolean;
  readonly date: string;
  readonly machine: Machine;
  readonly subscriptions: number;
  readonly years: number;
  readonly seed: number;
  /** From the first subscription until every clock has come to the end. */
  readonly seconds: number;
  readonly invoices: number;
  readonly orders: number;
  readonly commands: number;
  /** Messages that actors and handlers have taken. */
  readonly messages: number;
  readonly commits: number;
  /** Of the ledger; the same for the same subscriptions, years and seed. */
  readonly digest: string;
  readonly findings: Readonly<Record<keyof typeof promises, Findings>>;
}

const promises = {
  invoicesAreTheOracles:
    'every invoice and order is the oracle’s to the unit, and every subscription stands where it says',
  commandsAreTaken: 'every command did what it should',
  periodsFollow: 'every period is billed once, without gaps and overlaps',
  numbersFollow: 'invoice numbers have no gaps',
  nobodyIsStuck: 'everybody waits for something that comes',
  bankAgrees: 'the gateway took what was paid',
} as const;

/** Looks at everything that a simulation has left; `entries` are the gateway’s ledger. */
export async function judge(
  world: Pick<World, 'db'>,
  lives: readonly Life[],
  played: Played,
  entries: Iterable<LedgerEntry>,
): Promise<Pick<Verdict, 'digest' | 'findings'>> {
  const { db } = world;
  const stored = await storedLedger(db, lives);
  return {
    digest: digestOf(stored, lives),
    findings: {
      invoicesAreTheOracles: compare(stored, expectedLedger(lives), lives),
      commandsAreTaken: played.ignored,
      periodsFollow: await periodsFollow(db, lives),
      numbersFollow: await numbersFollow(db),
      nobodyIsStuck: await nobodyIsStuck(db),
      bankAgrees: await bankAgrees(db, entries),
    },
  };
}

export const holds = (findings: Verdict['findings']): boolean =>
  Object.values(findings).every((list) => list.length === 0);

/** The verdict for people. */
export function describe(verdict: Verdict): string {
  const { subscriptions, years, seed, seconds, invoices, orders, commands, messages, commits, digest, findings } =
    verdict;
  const per = (count: number) => Math.round(count / seconds);
  const checks = (Object.keys(promises) as (keyof typeof promises)[]).flatMap((name) => [
    `${findings[name].length === 0 ? 'holds' : 'FAILS'}  ${promises[name]}`,
    ...findings[name].slice(0, 10).map((finding) => `         ${finding}`),
  ]);
  return [
    `${subscriptions} subscriptions, ${years} years, seed ${seed}: ${invoices} invoices, ${orders} orders, ${commands} commands`,
    `${seconds} s: ${per(invoices)} invoices, ${per(messages)} messages, ${per(commits)} commits per second`,
    `ledger  ${digest}`,
    ...checks,
  ].join('\n');
}

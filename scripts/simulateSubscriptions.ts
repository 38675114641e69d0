import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { loadConfig } from '../src/config.js';
import { openStage } from './bench/stage.js';
import { thisMachine } from './dev/machine.js';
import { temporaryFolder } from './dev/temporaryFolder.js';
import { UserError } from './dev/userError.js';
import { readLedger } from './stripeSandbox/ledger.js';
import { begin, livesOf } from './years/lives.js';
import { play, type World } from './years/play.js';
import { describe, holds, judge, type Verdict } from './years/verdict.js';
import { enterWorld } from './years/world.js';

const help = `npm run simulate:subscriptions -- [options]

Lives through years of subscriptions on test clocks, one each, on a PostgreSQL, Redis, gateway, web and workers of its own:
mixed plans, cycles and deliveries, trials, refused and stolen cards, pauses, plan changes, skips, cancellations, offers and
returns. Compares every invoice with a calculation by hand that shares no code with FlowMart (exit code 0 when all holds).

  --subscriptions N   (1000)
  --years N           (3)
  --seed N            what everybody does follows from it, and so does the ledger (1)
  --workers N         worker processes (1)
  --json              one JSON document on standard output
`;

const { values } = parseArgs({
  options: {
    subscriptions: { type: 'string', default: '1000' },
    years: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

function wholeNumber(name: 'subscriptions' | 'years' | 'seed' | 'workers', least: number, most: number): number {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new UserError(`--${name} wants a whole number from ${least} to ${most}, not ${values[name]}`);
  return number;
}

async function simulate(): Promise<Verdict> {
  const subscriptions = wholeNumber('subscriptions', 1, 100_000);
  const years = wholeNumber('years', 1, 20);
  const seed = wholeNumber('seed', 0, 1_000_000);
  const end = begin + Math.round(years * 365.25) * 86_400_000;
  const lives = livesOf({ subscriptions, end, seed });
  const folder = temporaryFolder('flowmart-simulation-');
  try {
    say('Starting PostgreSQL, Redis, the sandbox, 1 web and the workers …');
    const ledger = join(folder, 'gateway.jsonl');
    const stage = await openStage(folder, wholeNumber('workers', 1, 16), {
      env: { TEST_CLOCKS: 'on' },
      sandboxArgs: ['--ledger', ledger],
    });
    const world = enterWorld({ config: loadConfig(stage.env), sandboxUrl: stage.sandboxUrl });
    try {
      let told = 0;
      const played = await play(world, lives, end, (arrived) => {
        if (arrived < subscriptions && arrived < told + subscriptions / 10) return;
        told = arrived;
        say(`${arrived} of ${subscriptions} have come to ${new Date(end).toISOString().slice(0, 10)}`);
      });
      const { digest, findings } = await judge(world, lives, played, readLedger(ledger));
      const count = async (table: string): Promise<number> =>
        (await sql<{ count: number }>`select count(*)::int as count from ${sql.raw(table)}`.execute(world.db)).rows[0]
          ?.count ?? 0;
      return {
        ok: holds(findings),
        date: new Date().toISOString(),
        machine: thisMachine(),
        subscriptions,
        years,
        seed,
        seconds: Math.round(played.seconds * 10) / 10,
        invoices: await count('billing.invoices'),
        orders: await count('orders.orders'),
        commands: lives.reduce((sum, { deeds }) => sum + deeds.length + 2, 0),
        messages: await count('runtime.journal'),
        commits: await commits(world),
        digest,
        findings,
      };
    } finally {
      await world.close();
      await stage.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function commits({ db }: Pick<World, 'db'>): Promise<number> {
  const { rows } = await sql<{ commits: number }>`
    select xact_commit::int as commits from pg_stat_database where datname = current_database()`.execute(db);
  return rows[0]?.commits ?? 0;
}

if (values.help) process.stdout.write(help);
else {
  try {
    const verdict = await simulate();
    process.stdout.write(`${values.json ? JSON.stringify(verdict, null, 2) : describe(verdict)}\n`);
    process.exitCode = verdict.ok ? 0 : 1;
  } catch (error) {
    say(error instanceof UserError ? error.message : String((error as Error).stack));
    process.exitCode = error instanceof UserError ? 2 : 1;
  }
}

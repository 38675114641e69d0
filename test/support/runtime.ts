import type { Kysely } from 'kysely';
import { type DestinationStream, pino } from 'pino';
import { freePort } from '../../scripts/dev/freePort.js';
import { seed } from '../../scripts/seed.js';
import { type StripeSandbox, startStripeSandbox } from '../../scripts/stripeSandbox/server.js';
import { type Config, loadConfig } from '../../src/config.js';
import type { Database } from '../../src/db/tables.js';
import '../../src/db/tables.all.js';
import { createParticipants } from '../../src/services/registry.js';
import { type RunningWeb, startWeb } from '../../src/startWeb.js';
import { type RunningWorker, startWorker } from '../../src/startWorker.js';
import { testDatabase, testRedis } from './servers.js';

/** A whole FlowMart inside the test's process: web, worker, a seeded database, Redis, and the Stripe sandbox. */
export interface TestRuntime {
  readonly url: string;
  /** What its processes were told. */
  readonly config: Config;
  readonly db: Kysely<Database>;
  readonly sandbox: StripeSandbox;
  /** Where its queues and streams are. */
  readonly redis: { readonly url: string; readonly prefix: string };
  close(): Promise<void>;
}

const webhookSecret = 'whsec_flowmart_sandbox';

/**
 * Starts it; everything is as `npm start` would have it, only quicker to sweep.
 * @param logTo takes the log instead of standard output
 */
export async function startRuntime(env: NodeJS.ProcessEnv = {}, logTo?: DestinationStream): Promise<TestRuntime> {
  const [database, redis, port] = await Promise.all([testDatabase(), testRedis(), freePort()]);
  await seed(database.url);
  const sandbox = await startStripeSandbox({
    webhook: { url: `http://127.0.0.1:${port}/webhooks/stripe`, secret: webhookSecret },
  });
  const config = loadConfig({
    NODE_ENV: 'test',
    PORT: String(port),
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    STRIPE_API_BASE: sandbox.url,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    SWEEP_INTERVAL_MS: '100',
    LOG_LEVEL: 'warn',
    ...env,
  });
  const log = logTo ? pino({ level: config.logLevel }, logTo) : pino({ level: config.logLevel });
  const options = {
    config,
    log,
    prefix: redis.prefix,
    participants: (db: Kysely<Database>) => createParticipants(config, db, log),
  };
  const worker: RunningWorker = startWorker(options);
  const web: RunningWeb = await startWeb(options);
  await worker.ready();
  return {
    url: web.url,
    config,
    db: web.db,
    sandbox,
    redis,
    async close() {
      await web.stop();
      await worker.stop();
      await sandbox.close();
      await redis.drop();
      await database.drop();
    },
  };
}

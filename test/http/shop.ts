import type { Kysely } from 'kysely';
import { pino } from 'pino';
import supertest from 'supertest';
import { seed } from '../../scripts/seed.js';
import { type StripeSandbox, startStripeSandbox } from '../../scripts/stripeSandbox/server.js';
import { loadConfig, sandboxStripeWebhookSecret } from '../../src/config.js';
import type { Database } from '../../src/db/tables.js';
import { createParticipants } from '../../src/services/registry.js';
import { startWeb } from '../../src/startWeb.js';
import { startWorker } from '../../src/startWorker.js';
import { testDatabase, testRedis } from '../support/servers.js';
import { type Contract, openDocument } from './contract.js';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** A whole shop in this process: web, worker, the Stripe sandbox, a database with the seeded catalogue, and Redis. */
export interface Shop {
  readonly db: Kysely<Database>;
  readonly sandbox: StripeSandbox;
  readonly url: string;
  readonly contract: Contract;
  /** Operations of the API that have answered well, by name and status. */
  readonly answered: ReadonlySet<string>;
  /** Sends a request; every answer must be one that the OpenAPI document allows. */
  request(method: Method, path: string): supertest.Test;
  close(): Promise<void>;
}

/** Opens a shop with the given environment on top of its own. */
export async function openShop(env: NodeJS.ProcessEnv = {}): Promise<Shop> {
  const [database, redis, sandbox] = await Promise.all([testDatabase(), testRedis(), startStripeSandbox()]);
  await seed(database.url);
  const config = loadConfig({
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    STRIPE_API_BASE: sandbox.url,
    PORT: '0',
    SWEEP_INTERVAL_MS: '200',
    WAKE_AFTER_MS: '500',
    ...env,
  });
  const log = pino({ level: env.LOG_LEVEL ?? 'silent' });
  const common = {
    config,
    log,
    prefix: redis.prefix,
    participants: (db: Kysely<Database>) => createParticipants(config, db, log),
  };
  const worker = startWorker(common);
  await worker.ready();
  const web = await startWeb(common);
  sandbox.setWebhookEndpoint({ url: `${web.url}/webhooks/stripe`, secret: sandboxStripeWebhookSecret });
  const agent = supertest(web.url);
  const contract = openDocument((await agent.get('/openapi.json')).body);
  const answered = new Set<string>();
  return {
    db: web.db,
    sandbox,
    url: web.url,
    contract,
    answered,
    request(method, path) {
      return agent[method](path).expect((answer) => {
        const [address = ''] = path.split('?');
        const body = answer.type === 'text/html' ? answer.text : answer.body;
        const problems = contract.problemsWith(method, address, answer.status, body, answer.type);
        if (problems.length > 0) throw new Error(`${problems.join('\n')}\n${answer.text}`);
        answered.add(`${contract.operationAt(method, address)?.operationId} ${answer.status}`);
      });
    },
    async close() {
      await web.stop();
      await worker.stop();
      await sandbox.close();
      await redis.drop();
      await database.drop();
    },
  };
}

import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../../scripts/dev/freePort.js';
import type { ManagedProcess } from '../../../scripts/dev/managedProcess.js';
import { startPostgres } from '../../../scripts/dev/postgresServer.js';
import { startRedis } from '../../../scripts/dev/redisServer.js';
import { startService, waitForAnswer, waitForLog } from '../../../scripts/dev/services.js';
import { seed } from '../../../scripts/seed.js';
import { migrate } from '../../../src/db/migrate.js';

/** A dyno of the old or of the new release. */
export interface Dyno {
  readonly url: string;
  /** Finishes what it has begun, as a deployment asks it to. */
  stop(): Promise<void>;
}

/** A FlowMart of real processes whose dynos can be of either release. */
export interface Stage {
  readonly databaseUrl: string;
  startWorker(release: 1 | 2): Promise<Dyno>;
  startWeb(release: 1 | 2): Promise<Dyno>;
  close(): Promise<void>;
}

const never = new AbortController().signal;

/** Starts the servers and the sandbox gateway, with a seeded catalogue and plenty of stock. */
export async function openStage(folder: string): Promise<Stage> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const stop of closing.splice(0).reverse()) await stop().catch(() => undefined);
  };
  try {
    const postgres = await startPostgres({ folder: join(folder, 'postgres'), fsync: false });
    closing.push(() => postgres.stop());
    const redis = await startRedis({ folder: join(folder, 'redis') });
    closing.push(() => redis.stop());
    const databaseUrl = postgres.url('flowmart');
    await ask(postgres.url('postgres'), 'create database flowmart');
    await migrate(databaseUrl);
    await seed(databaseUrl);
    await ask(databaseUrl, 'update inventory.stock_items set on_hand = on_hand + 1000000');
    const sandboxPort = await freePort();
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      NODE_ENV: 'development',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      STRIPE_API_BASE: `http://127.0.0.1:${sandboxPort}`,
      LOG_LEVEL: 'info',
      BACKLOG_LIMIT: '1000000',
    };
    let started = 0;
    const start = async (
      script: string,
      own: NodeJS.ProcessEnv,
      args: readonly string[] = [],
    ): Promise<ManagedProcess> => {
      started += 1;
      const managed = await startService(`process${started}`, script, {
        env: { ...env, ...own },
        args,
        logFolder: folder,
      });
      closing.push(() => managed.stop(20_000));
      return managed;
    };
    const sandbox = await start('scripts/stripeSandbox.ts', {}, ['--port', String(sandboxPort)]);
    await waitForAnswer(sandbox, `http://127.0.0.1:${sandboxPort}/_sandbox/health`, never);
    const folderOf = (release: 1 | 2) => (release === 1 ? 'src' : 'test/examples/orderV2');
    return {
      databaseUrl,
      async startWorker(release) {
        const worker = await start(`${folderOf(release)}/worker.ts`, {});
        await waitForLog(worker, 'worker is ready', never);
        return { url: '', stop: async () => void (await worker.stop(20_000)) };
      },
      async startWeb(release) {
        const port = await freePort();
        const url = `http://127.0.0.1:${port}`;
        const web = await start(`${folderOf(release)}/web.ts`, { PORT: String(port) });
        await waitForAnswer(web, `${url}/health/ready`, never);
        return { url, stop: async () => void (await web.stop(20_000)) };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function ask(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

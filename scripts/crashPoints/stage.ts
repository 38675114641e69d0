import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import type { Kysely } from 'kysely';
import { sandboxStripeWebhookSecret } from '../../src/config.js';
import { connect } from '../../src/db/connect.js';
import { migrate } from '../../src/db/migrate.js';
import type { Database } from '../../src/db/tables.js';
import '../../src/db/tables.all.js';
import { createDatabase } from '../dev/createDatabase.js';
import { lastingPort } from '../dev/freePort.js';
import { type ManagedProcess, startProcess } from '../dev/managedProcess.js';
import { startPostgres } from '../dev/postgresServer.js';
import { startRedis } from '../dev/redisServer.js';
import { seed } from '../seed.js';
import { type StripeSandbox, startStripeSandbox } from '../stripeSandbox/server.js';
import { bundleInto } from './bundle.js';
import { setTraps } from './traps.js';

const preload = fileURLToPath(new URL('crashAt.mjs', import.meta.url));

/** The two kinds of process that die here. */
export type Kind = 'web' | 'worker';

/** A FlowMart whose web and worker have a crash point at every await; all else stays alive. */
export interface Stage {
  readonly db: Kysely<Database>;
  readonly redis: Redis;
  readonly sandbox: StripeSandbox;
  readonly webUrl: string;
  /** The names of all crash points. */
  readonly points: readonly string[];
  /** Starts a process that dies at `crashAt` (see crashAt.mjs), or never; it writes down in `hits` where it comes by. */
  start(kind: Kind, crashAt?: string): Promise<Started>;
  close(): Promise<void>;
}

export interface Started {
  readonly process: ManagedProcess;
  readonly hits: string;
}

/** Starts the servers in `folder`, and no process yet. */
export async function openStage(folder: string): Promise<Stage> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const stop of closing.splice(0).reverse()) await stop().catch(() => undefined);
  };
  try {
    mkdirSync(join(folder, 'log'), { recursive: true });
    const servers = [
      startPostgres({ folder: join(folder, 'postgres'), fsync: false }),
      startRedis({ folder: join(folder, 'redis') }),
    ] as const;
    for (const server of servers) closing.push(async () => (await server).stop());
    const program = join(folder, 'program');
    const [points, postgres, redisServer] = await Promise.all([bundleInto(program), ...servers]);
    const databaseUrl = postgres.url('flowmart');
    await createDatabase(postgres.url('postgres'), 'flowmart');
    await migrate(databaseUrl);
    await seed(databaseUrl);
    const { db, close: closeDatabase } = connect({
      url: databaseUrl,
      poolSize: 4,
      name: 'test',
      onError: () => undefined,
    });
    closing.push(closeDatabase);
    await setTraps(db);
    const redis = new Redis(redisServer.url);
    closing.push(async () => redis.disconnect());
    const port = await lastingPort();
    const webUrl = `http://127.0.0.1:${port}`;
    const sandbox = await startStripeSandbox({
      webhook: { url: `${webUrl}/webhooks/stripe`, secret: sandboxStripeWebhookSecret },
    });
    closing.push(() => sandbox.close());

    let count = 0;
    const env = {
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisServer.url,
      STRIPE_API_BASE: sandbox.url,
      PORT: String(port),
      LOG_LEVEL: 'warn',
      TEST_CLOCKS: 'on',
      // What a dead process has left is looked for soon.
      SWEEP_INTERVAL_MS: '100',
      WAKE_AFTER_MS: '1000',
    };
    return {
      db,
      redis,
      sandbox,
      webUrl,
      points,
      async start(kind, crashAt = '') {
        const name = `${kind}${++count}`;
        const hits = join(folder, 'log', `${name}.hits`);
        const started = await startProcess({
          name,
          command: process.execPath,
          args: ['--import', preload, join(program, `${kind}.mjs`)],
          env: { ...env, CRASH_AT: crashAt, CRASH_LOG: hits },
          cwd: program,
          logFile: join(folder, 'log', `${name}.log`),
        });
        closing.push(() => started.stop(5_000));
        return { process: started, hits };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

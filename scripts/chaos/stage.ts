import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Kysely } from 'kysely';
import { sandboxStripeWebhookSecret } from '../../src/config.js';
import { connect } from '../../src/db/connect.js';
import { migrate } from '../../src/db/migrate.js';
import type { Database } from '../../src/db/tables.js';
import '../../src/db/tables.all.js';
import { compileInto } from '../dev/compiled.js';
import { createDatabase } from '../dev/createDatabase.js';
import { lastingPort } from '../dev/freePort.js';
import { type PostgresServer, startPostgres } from '../dev/postgresServer.js';
import { type RedisServer, startRedis } from '../dev/redisServer.js';
import { waitForAnswer } from '../dev/services.js';
import { seed } from '../seed.js';
import { Dyno } from './dyno.js';
import { type Link, openLink } from './link.js';

export const webNames = ['web1', 'web2'] as const;
export const workerNames = ['worker1', 'worker2', 'worker3', 'worker4'] as const;
/** The processes that run FlowMart, each with wires of its own to the servers. */
export const dynoNames = [...webNames, ...workerNames] as const;
export const serverNames = ['postgres', 'redis', 'gateway'] as const;

export type DynoName = (typeof dynoNames)[number];
export type ServerName = (typeof serverNames)[number];

/** A whole FlowMart of real, supervised processes, whose wires to PostgreSQL, Redis and the gateway can be tampered with. */
export interface Stage {
  readonly webUrls: readonly string[];
  readonly gatewayUrl: string;
  /** The gateway's own record of what it did. */
  readonly ledgerFile: string;
  readonly databaseUrl: string;
  /** Past the wires: for those who look on. */
  readonly db: Kysely<Database>;
  readonly redis: Redis;
  readonly redisUrl: string;
  readonly postgres: PostgresServer;
  readonly redisServer: RedisServer;
  readonly dynos: Readonly<Record<DynoName, Dyno>>;
  readonly gateway: Dyno;
  readonly links: Readonly<Record<DynoName, Readonly<Record<ServerName, Link>>>>;
  /** What ended although nobody had killed it. */
  readonly deaths: readonly string[];
  /** Stops the processes in good order; the servers stay, for the checker. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

/** Starts everything in `folder`; resolves once every web is ready. */
export async function openStage(folder: string, signal: AbortSignal): Promise<Stage> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const stop of closing.splice(0).reverse()) await stop().catch(() => undefined);
  };
  try {
    const logFolder = join(folder, 'log');
    mkdirSync(logFolder, { recursive: true });
    const started = [
      startPostgres({ folder: join(folder, 'postgres'), logFolder, fsync: true, port: await lastingPort() }),
      startRedis({ folder: join(folder, 'redis'), logFolder, persistent: true, port: await lastingPort() }),
    ] as const;
    for (const server of started) closing.push(async () => (await server).stop());
    const [cwd, postgres, redisServer] = await Promise.all([compileInto(join(folder, 'compiled')), ...started]);
    const databaseUrl = postgres.url('flowmart');
    await createDatabase(postgres.url('postgres'), 'flowmart');
    await migrate(databaseUrl);
    await seed(databaseUrl);
    const onlooker = connect({ url: databaseUrl, poolSize: 3, name: 'chaos', onError: () => undefined });
    closing.push(onlooker.close);
    const redis = new Redis(redisServer.url, { retryStrategy: () => 200, maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    closing.push(async () => redis.disconnect());

    const deaths: string[] = [];
    const onDeath = (why: string) => void deaths.push(why);
    const supervise = (name: string, script: string, env: NodeJS.ProcessEnv, args: readonly string[] = []): Dyno => {
      const dyno = new Dyno({ name, script: join(cwd, script), args, env, cwd, folder: logFolder, onDeath });
      closing.push(() => dyno.stop());
      return dyno;
    };
    const gatewayPort = await lastingPort();
    const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
    const ledgerFile = join(folder, 'ledger.jsonl');
    const webPorts = new Map<string, number>();
    for (const name of webNames) webPorts.set(name, await lastingPort());
    const webUrls = [...webPorts.values()].map((port) => `http://127.0.0.1:${port}`);
    const gateway = supervise('gateway', 'scripts/stripeSandbox.js', process.env, [
      ...['--port', String(gatewayPort), '--ledger', ledgerFile, '--latency-ms', '20'],
      ...['--webhook-url', `${webUrls[0]}/webhooks/stripe`, '--webhook-secret', sandboxStripeWebhookSecret],
    ]);
    await gateway.start();

    const upstream = { postgres: postgres.port, redis: redisServer.port, gateway: gatewayPort };
    const links = {} as Record<DynoName, Record<ServerName, Link>>;
    const dynos = {} as Record<DynoName, Dyno>;
    for (const name of dynoNames) {
      const own = {} as Record<ServerName, Link>;
      for (const server of serverNames) {
        own[server] = await openLink(upstream[server]);
        closing.push(() => own[server].close());
      }
      links[name] = own;
      const env = environment(own, postgres, webPorts.get(name));
      dynos[name] = supervise(name, webPorts.has(name) ? 'src/web.js' : 'src/worker.js', env);
    }
    await waitForAnswer(gateway.process, `${gatewayUrl}/_sandbox/health`, signal);
    await Promise.all(dynoNames.map((name) => dynos[name].start()));
    await Promise.all(
      webNames.map((name, index) => waitForAnswer(dynos[name].process, `${webUrls[index]}/health/ready`, signal)),
    );
    return {
      webUrls,
      gatewayUrl,
      ledgerFile,
      databaseUrl,
      db: onlooker.db,
      redis,
      redisUrl: redisServer.url,
      postgres,
      redisServer,
      dynos,
      gateway,
      links,
      deaths,
      async rest() {
        await gateway.stop();
        await Promise.all(dynoNames.map((name) => dynos[name].stop()));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Everything as in production, but for where the servers are. */
function environment(
  links: Readonly<Record<ServerName, Link>>,
  postgres: PostgresServer,
  port: number | undefined,
): NodeJS.ProcessEnv {
  const database = new URL(postgres.url('flowmart'));
  database.port = String(links.postgres.port);
  return {
    PATH: process.env.PATH,
    NODE_ENV: 'development',
    DATABASE_URL: database.href,
    REDIS_URL: `redis://127.0.0.1:${links.redis.port}`,
    STRIPE_API_BASE: `http://127.0.0.1:${links.gateway.port}`,
    LOG_LEVEL: 'warn',
    BACKLOG_LIMIT: '1000000',
    ...(port === undefined ? {} : { PORT: String(port) }),
  };
}

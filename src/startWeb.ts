import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { assemble } from './assemble.js';
import type { Config } from './config.js';
import type { Database } from './db/tables.js';
import { createApp } from './http/app.js';
import { queuePages } from './http/board.js';
import { onTheirClocks } from './http/theirClocks.js';
import { createWaiter } from './http/waiters.js';
import type { Participant } from './runtime/ports.js';
import { createProviders } from './services/registry.js';

const adminPath = '/admin/queues';
/**
 * How long an idle connection is kept (ms): longer than load balancers keep theirs (Heroku's 90 s), or one of them would send a request into a
 * connection that is just being closed, and its customer would get a 502.
 */
const keepAliveMs = 95_000;

export interface WebOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly participants: (db: Kysely<Database>) => Readonly<Record<string, Participant>>;
  readonly prefix?: string;
}

/** A web process that listens. */
export interface RunningWeb {
  readonly url: string;
  readonly db: Kysely<Database>;
  /** Answers the requests that are under way, then disconnects. */
  stop(): Promise<void>;
}

/**
 * Starts the HTTP side: commands and queries.
 * @throws the system's error when it cannot listen (EADDRINUSE …)
 */
export async function startWeb({ config, log, participants, prefix }: WebOptions): Promise<RunningWeb> {
  const assembly = assemble({ config, log, name: 'web', participants, ...(prefix ? { prefix } : {}) });
  const { db, redis, sender, gauge } = assembly;
  const acceptor = config.testClocks ? onTheirClocks(db, assembly.acceptor) : assembly.acceptor;
  const { stripe } = createProviders(config);
  const waiter = createWaiter(db);
  const app = createApp({
    production: config.nodeEnv === 'production',
    db,
    acceptor,
    waiter,
    testClocks: config.testClocks,
    log,
    readiness: {
      postgresql: () => sql`select 1`.execute(db),
      redis: () => redis.ping(),
      gateway: async () => {
        const { healthy } = await stripe.probe();
        if (!healthy) throw new Error('the payment provider does not answer');
      },
      backlog: () => {
        if (gauge.full) throw new Error('more messages wait than BACKLOG_LIMIT allows');
        return Promise.resolve();
      },
    },
    parseWebhook: (raw, signature) => stripe.parseWebhook(raw, signature),
    queueDepths: async () => {
      const depths = await Promise.all(
        [...sender.queues].map(
          async ([name, queue]) => [name, await queue.getJobCounts('waiting', 'active', 'delayed', 'failed')] as const,
        ),
      );
      return Object.fromEntries(depths);
    },
    ...(config.adminPassword
      ? { admin: { pages: queuePages(sender.queues, adminPath), password: config.adminPassword } }
      : {}),
  });

  const server = await listen(() => app.listen(config.port, config.host)).catch(async (error: unknown) => {
    await assembly.close();
    throw error;
  });
  server.keepAliveTimeout = keepAliveMs;
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${config.host}:${port}`,
    db,
    async stop() {
      // Whoever is still being answered goes with the answer.
      server.keepAliveTimeout = 1;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      waiter.close();
      await closed;
      await assembly.close();
    },
  };
}

/** Resolves once the server listens; rejects when it cannot. */
function listen(start: () => Server): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = start();
    server.once('listening', () => resolve(server));
    server.once('error', reject);
  });
}

import type { Server } from 'node:http';
import { sql } from 'kysely';
import { pino } from 'pino';
import { assemble } from './assemble.js';
import { ConfigError, loadConfig } from './config.js';
import { createApp } from './http/app.js';
import { queuePages } from './http/board.js';
import { createWaiter } from './http/waiters.js';
import { createParticipants, createProviders } from './services/registry.js';
import { stopOnSignals } from './shutdown.js';

const adminPath = '/admin/queues';

/** Runs a web dyno: HTTP commands and queries, until a signal stops it. */
async function serve(): Promise<void> {
  const config = loadConfig();
  const log = pino({ level: config.logLevel, name: 'web' });
  const assembly = assemble({ config, log, name: 'web', participants: (db) => createParticipants(config, db, log) });
  const { db, redis, sender, acceptor, gauge } = assembly;
  const { stripe } = createProviders(config);
  const waiter = createWaiter(db);
  const app = createApp({
    production: config.nodeEnv === 'production',
    db,
    acceptor,
    waiter,
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

  const server = await listen(() => app.listen(config.port, config.host));
  log.info({ port: config.port, host: config.host }, 'web is ready');
  stopOnSignals(log, config.shutdownTimeoutMs, async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    waiter.close();
    await closed;
    await assembly.close();
  });
}

/** Resolves once the server listens; rejects when it cannot. */
function listen(start: () => Server): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = start();
    server.once('listening', () => resolve(server));
    server.once('error', reject);
  });
}

try {
  await serve();
} catch (error) {
  const { code, message, stack } = error as NodeJS.ErrnoException;
  const text =
    error instanceof ConfigError ? message : code === 'EADDRINUSE' ? `${message}; set PORT to a free one` : stack;
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

import { join, relative } from 'node:path';
import { migrate } from '../../src/db/migrate.js';
import { seed } from '../seed.js';
import { findServers } from './findServers.js';
import { freePort } from './freePort.js';
import type { Running } from './running.js';
import { publishEnvironment } from './scriptEnvironment.js';
import { startService, waitForAnswer, waitForLog } from './services.js';
import { keptAdminPassword, type Setting, usesSandbox } from './setting.js';
import { welcome } from './welcome.js';

/** Starts all there is, and returns what to tell the person who did. */
export async function startEverything(setting: Setting, running: Running): Promise<string> {
  const { config, env: given, folder, logFolder } = setting;
  const servers = await findServers({ databaseUrl: given.DATABASE_URL, redisUrl: given.REDIS_URL }, setting, running);
  await running.step(
    'Migrating the database',
    () => migrate(servers.databaseUrl),
    (applied) => (applied.length > 0 ? `${applied.length} new` : 'nothing new'),
  );
  await running.step(
    'Seeding the catalogue',
    () => seed(servers.databaseUrl),
    (rows) => (rows > 0 ? `${rows} new rows` : 'nothing new'),
  );

  const port = config.port || (await freePort());
  const webUrl = `http://${reachableHost(config.host)}:${port}`;
  const env: NodeJS.ProcessEnv = {
    ...given,
    PORT: String(port),
    DATABASE_URL: servers.databaseUrl,
    REDIS_URL: servers.redisUrl,
    ADMIN_PASSWORD: config.adminPassword ?? keptAdminPassword(setting),
  };
  let sandboxUrl: string | undefined;
  if (usesSandbox(config)) {
    const webhook = { url: `${webUrl}/webhooks/stripe`, secret: config.stripeWebhookSecret };
    sandboxUrl = await startSandbox({ ledger: join(folder, 'stripeLedger.jsonl'), webhook, env, logFolder }, running);
    env.STRIPE_API_BASE = sandboxUrl;
  }

  publishEnvironment(folder, {
    DATABASE_URL: servers.databaseUrl,
    REDIS_URL: servers.redisUrl,
    STRIPE_API_BASE: sandboxUrl,
  });
  await running.step('Web and worker', async () => {
    const worker = await startService('worker', 'src/worker.ts', { env, logFolder });
    const web = await startService('web', 'src/web.ts', { env, logFolder });
    running.watch(web, worker);
    await waitForAnswer(web, `${webUrl}/health/ready`, running.signal);
    // The worker has no port to ask; its log tells, unless it was told not to.
    if (['info', 'debug', 'trace'].includes(config.logLevel)) {
      await waitForLog(worker, 'worker is ready', running.signal);
    }
  });
  return welcome({
    webUrl,
    sandboxUrl,
    servers,
    adminPassword: env.ADMIN_PASSWORD,
    logFolder: relative(process.cwd(), logFolder),
  });
}

interface SandboxSetting {
  ledger: string;
  webhook: { url: string; secret: string };
  env: NodeJS.ProcessEnv;
  logFolder: string;
}

async function startSandbox({ ledger, webhook, env, logFolder }: SandboxSetting, running: Running): Promise<string> {
  return running.step(
    'Stripe sandbox',
    async () => {
      const port = await freePort(4242);
      const url = `http://127.0.0.1:${port}`;
      const args = [
        ...['--port', String(port), '--ledger', ledger],
        ...['--webhook-url', webhook.url, '--webhook-secret', webhook.secret],
      ];
      const sandbox = await startService('stripeSandbox', 'scripts/stripeSandbox.ts', { args, env, logFolder });
      running.watch(sandbox);
      await waitForAnswer(sandbox, `${url}/_sandbox/health`, running.signal);
      return url;
    },
    (url) => url,
  );
}

/** Where this machine reaches a server that listens on `host`. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { type Config, ConfigError, loadConfig, sandboxStripeKey } from '../src/config.js';
import { migrate } from '../src/db/migrate.js';
import { findServers } from './dev/findServers.js';
import { freePort } from './dev/freePort.js';
import { requireFreePort } from './dev/requireFreePort.js';
import { Interrupted, Running } from './dev/running.js';
import { startService, waitForAnswer } from './dev/services.js';
import { beginSingleRun } from './dev/singleRun.js';
import { UserError } from './dev/userError.js';
import { welcome } from './dev/welcome.js';
import { seed } from './seed.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.flowmart');
const logFolder = join(folder, 'log');

/** Runs all of FlowMart on this machine until Ctrl-C or until a part of it dies; sets the process's exit code. */
export async function runDevelopment(): Promise<void> {
  process.chdir(root);
  process.stdout.on('error', () => {}); // The terminal may close before us.
  try {
    const env = readEnvironment();
    const config = checkEnvironment(env);
    mkdirSync(logFolder, { recursive: true });
    const run = await beginSingleRun(folder);
    try {
      await runEverything(env, config);
    } finally {
      run.end();
    }
  } catch (error) {
    if (error instanceof Interrupted) return;
    process.exitCode = 1;
    const explained = error instanceof UserError || error instanceof ConfigError;
    process.stderr.write(`\n${explained ? error.message : error instanceof Error ? error.stack : error}\n`);
  }
}

async function runEverything(env: NodeJS.ProcessEnv, config: Config): Promise<void> {
  await requireFreePort(config.port, config.host);
  keepLastLogs();
  process.stdout.write('FlowMart is starting (Ctrl-C stops it)\n');
  const running = new Running();
  try {
    const started = await startEverything(env, config, running);
    process.stdout.write(started);
    await running.untilTrouble();
  } finally {
    await running.stopAll();
  }
}

/** Starts all there is and returns what to tell the person who did. */
async function startEverything(given: NodeJS.ProcessEnv, config: Config, running: Running): Promise<string> {
  const servers = await findServers({ databaseUrl: given.DATABASE_URL, redisUrl: given.REDIS_URL }, folder, running);
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
  const webUrl = `http://${/^(0\.0\.0\.0|::)$/.test(config.host) ? '127.0.0.1' : config.host}:${port}`;
  const env: NodeJS.ProcessEnv = {
    ...given,
    PORT: String(port),
    DATABASE_URL: servers.databaseUrl,
    REDIS_URL: servers.redisUrl,
    ADMIN_PASSWORD: config.adminPassword ?? adminPassword(),
  };
  const sandboxUrl = usesSandbox(config) ? await startSandbox(config, webUrl, env, running) : undefined;
  if (sandboxUrl) Object.assign(env, { STRIPE_API_BASE: sandboxUrl });

  await running.step('Web and worker', async () => {
    const worker = await startService('worker', 'src/worker.ts', { env, logFolder });
    const web = await startService('web', 'src/web.ts', { env, logFolder });
    running.watch(web, worker);
    await waitForAnswer(web, `${webUrl}/health/ready`);
  });
  return welcome({
    webUrl,
    sandboxUrl,
    servers,
    adminPassword: env.ADMIN_PASSWORD,
    logFolder: relative(process.cwd(), logFolder),
  });
}

async function startSandbox(config: Config, webUrl: string, env: NodeJS.ProcessEnv, running: Running): Promise<string> {
  return running.step(
    'Stripe sandbox',
    async () => {
      const port = await freePort(4242);
      const url = `http://127.0.0.1:${port}`;
      const args = [
        ...['--port', String(port), '--ledger', join(folder, 'stripeLedger.jsonl')],
        ...['--webhook-url', `${webUrl}/webhooks/stripe`, '--webhook-secret', config.stripeWebhookSecret],
      ];
      const sandbox = await startService('stripeSandbox', 'scripts/stripeSandbox.ts', { args, env, logFolder });
      running.watch(sandbox);
      await waitForAnswer(sandbox, `${url}/_sandbox/ledger`);
      return url;
    },
    (url) => url,
  );
}

/** Only somebody who gives a key of their own, or a place of their own, does without our sandbox. */
function usesSandbox(config: Config): boolean {
  return config.stripeApiKey === sandboxStripeKey && config.stripeApiBase === undefined;
}

/** What is set in the environment wins over the file .env. */
function readEnvironment(): NodeJS.ProcessEnv {
  const file = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
  return { ...file, ...process.env };
}

/**
 * Checks every variable before anything is started.
 * @throws ConfigError
 */
function checkEnvironment(env: NodeJS.ProcessEnv): Config {
  return loadConfig({
    ...env,
    DATABASE_URL: env.DATABASE_URL || 'postgres://to.be.found/flowmart',
    REDIS_URL: env.REDIS_URL || 'redis://to.be.found',
  });
}

/** The password of the queue pages: made once, kept with the data. */
function adminPassword(): string {
  const file = join(folder, 'admin.password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(9).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** Logs start afresh; those of the last run are kept beside them. */
function keepLastLogs(): void {
  for (const name of readdirSync(logFolder).filter((file) => file.endsWith('.log'))) {
    renameSync(join(logFolder, name), join(logFolder, `${name}.1`));
  }
}

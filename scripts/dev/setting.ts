import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Config, loadConfig, sandboxStripeKey } from '../../src/config.js';
import { readEnvFile } from './scriptEnvironment.js';

/** Where npm start keeps everything, and the environment and settings that everything starts with. */
export interface Setting {
  folder: string;
  logFolder: string;
  env: NodeJS.ProcessEnv;
  config: Config;
}

/**
 * Reads the environment, with the file .env for what is not set in it, and checks every variable before anything starts.
 * @throws ConfigError
 */
export function readSetting(folder: string): Setting {
  const env: NodeJS.ProcessEnv = { ...readEnvFile('.env'), ...process.env };
  const config = loadConfig({
    ...env,
    DATABASE_URL: env.DATABASE_URL || 'postgres://to.be.found/flowmart',
    REDIS_URL: env.REDIS_URL || 'redis://to.be.found',
  });
  const logFolder = resolve(folder, 'log');
  mkdirSync(logFolder, { recursive: true });
  return { folder: resolve(folder), logFolder, env, config };
}

/** Only somebody who gives a key of their own, or a place of their own, does without our Stripe sandbox. */
export function usesSandbox(config: Config): boolean {
  return config.stripeApiKey === sandboxStripeKey && config.stripeApiBase === undefined;
}

/** The password of the queue pages, when none is set: made once, kept with the data. */
export function keptAdminPassword({ folder }: Setting): string {
  const file = join(folder, 'admin.password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(9).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** Lets the logs start afresh; those of the last run stay beside them. */
export function keepLastLogs({ logFolder }: Setting): void {
  for (const name of readdirSync(logFolder).filter((file) => file.endsWith('.log'))) {
    renameSync(join(logFolder, name), join(logFolder, `${name}.1`));
  }
}

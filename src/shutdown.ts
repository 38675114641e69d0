import type { Logger } from 'pino';
import { ConfigError } from './config.js';

/**
 * Runs `stop` once on SIGTERM or SIGINT and ends the process: 0 when it finished, 1 when it did not within `timeoutMs`.
 * What is cut off then is not lost; the next process finds it.
 */
export function stopOnSignals(log: Logger, timeoutMs: number, stop: () => Promise<void>): void {
  let stopping = false;
  const begin = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    const hurry = setTimeout(() => {
      log.error(`not stopped within ${timeoutMs} ms; leaving the rest to the other processes`);
      process.exit(1);
    }, timeoutMs);
    hurry.unref();
    stop().then(
      () => {
        log.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => begin('SIGTERM'));
  process.once('SIGINT', () => begin('SIGINT'));
}

/** Runs the start of a process; says in one line what a person can mend, and ends with 1 when it fails. */
export async function exitOnFailure(start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    const { code, message, stack } = error as NodeJS.ErrnoException;
    const text =
      error instanceof ConfigError ? message : code === 'EADDRINUSE' ? `${message}; set PORT to a free one` : stack;
    process.stderr.write(`${text}\n`);
    process.exit(1);
  }
}

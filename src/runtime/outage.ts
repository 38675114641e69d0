import { ConcurrentWriteError } from './writes.js';

interface PostgresError {
  readonly code?: string;
}

/** The database is out of reach: nobody's message is at fault, and everybody may try again later. */
export function isTransient(error: unknown): boolean {
  const { code } = error as PostgresError;
  if (
    typeof code === 'string' &&
    (/^(08|57P|53|25P0[34])/.test(code) || code.startsWith('ECONN') || code === 'EPIPE' || code === 'ETIMEDOUT')
  )
    return true;
  const message = error instanceof Error ? error.message : '';
  return /Connection terminated|timeout exceeded when trying to connect|not queryable|Client has encountered a connection error/.test(
    message,
  );
}

/** Somebody else was at the same rows at the same time: the same group may simply be tried again. */
export function isContention(error: unknown): boolean {
  const { code } = error as PostgresError;
  return error instanceof ConcurrentWriteError || code === '40001' || code === '40P01' || code === '23505';
}

import { DomainError, FatalError } from './errors.js';

/** An error as a text for people that PostgreSQL can store. */
export function describeError(error: unknown): string {
  return nameAndMessage(error).replaceAll('\0', '').slice(0, 2000);
}

function nameAndMessage(error: unknown): string {
  if (error instanceof FatalError || error instanceof DomainError) return `${error.code}: ${error.message}`;
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return String(error);
}

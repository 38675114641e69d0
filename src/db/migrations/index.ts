import type { Migration } from 'kysely';
import * as runtime from './0001_runtime.js';
import * as inventory from './0004_inventory.js';

/** Every migration in order; the name is recorded in the database, so it never changes once landed. */
export const migrations: Record<string, Migration> = {
  '0001_runtime': runtime,
  '0004_inventory': inventory,
};

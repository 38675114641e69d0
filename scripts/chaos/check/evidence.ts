import type { Redis } from 'ioredis';
import type { Kysely } from 'kysely';
import type { Database } from '../../../src/db/tables.js';
import type { LedgerEntry } from '../../stripeSandbox/ledger.js';
import type { Acknowledged } from '../acknowledged.js';

/** All that a check may look at, once everything is at rest. */
export interface Evidence {
  readonly db: Kysely<Database>;
  readonly redis: Redis;
  /** Where the streams are. */
  readonly prefix: string;
  /** The gateway's own record. */
  readonly ledger: readonly LedgerEntry[];
  /** What clients were told. */
  readonly acknowledged: readonly Acknowledged[];
  /** When all had come to rest; now, when it is not known. */
  readonly restedAt?: Date;
}

/** Something that must not be: about whom, and what. */
export interface Finding {
  readonly about: string;
  readonly what: string;
}

/** Looks for one kind of violation; finds nothing when all is well. */
export type Check = (evidence: Evidence) => Promise<Finding[]>;

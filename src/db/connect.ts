import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { Kysely, PostgresDialect } from 'kysely';
import { Client, Pool, type PoolConfig } from 'pg';
import type { Database } from './tables.js';

const marker = /^\s*\/\* prepared \*\//;
const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha1').update(text).digest('base64url');
    names.set(text, name);
  }
  return name;
}

/**
 * Prepares, once per connection, the statements whose text starts with `/* prepared *\/`: the constant, multi-row ones of the
 * hot path, which PostgreSQL then parses and plans once instead of at every drain.
 */
class PreparingClient extends Client {
  override query(...args: never[]): never {
    const [text, values, ...rest] = args as unknown as [unknown, unknown, ...unknown[]];
    const query = super.query as (...args: unknown[]) => never;
    if (typeof text === 'string' && Array.isArray(values) && marker.test(text)) {
      return query.call(this, { name: nameOf(text), text, values }, ...rest);
    }
    return query.call(this, ...(args as unknown[]));
  }
}

/**
 * A statement that was prepared while its tables were empty would keep reading them whole until statistics are gathered, from end to end
 * or into the hash table of a join; every one of ours has an index to go by. Compiling plans (jit) costs more than any of them runs. A prepared statement is planned once: PostgreSQL
 * would plan it anew whenever few rows are asked for, since a plan for few looks cheaper than one for any number, at 0.2 ms each time.
 */
const sessionSettings =
  '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c plan_cache_mode=force_generic_plan';

/** How long a process may leave its transaction alone (ms). A frozen one would keep everybody from the actors and the stock that it has locked. */
const transactionIdleMs = 3_000;
/** How long PostgreSQL may say nothing (ms) before a connection counts as lost: a network that swallows everything tells nobody. */
const silenceMs = 20_000;

/** The database connection and the way to close it. */
export interface Connection {
  readonly db: Kysely<Database>;
  close(): Promise<void>;
}

/**
 * Opens a pool on PostgreSQL.
 * @param options.poolSize connections at most
 * @param options.onError told of an idle connection's failure, which the pool mends by itself
 */
export function connect(options: {
  url: string;
  poolSize: number;
  name: string;
  onError: (error: Error) => void;
  transactionIdleMs?: number;
  silenceMs?: number;
}): Connection {
  const pool = new Pool({
    connectionString: options.url,
    max: options.poolSize,
    application_name: options.name,
    connectionTimeoutMillis: 5_000,
    idle_in_transaction_session_timeout: options.transactionIdleMs ?? transactionIdleMs,
    keepAlive: true,
    options: sessionSettings,
    // Whoever asks something else before the answer is there (transaction.ts) need not wait with sending it.
    pipeline: true,
    Client: PreparingClient,
  } as PoolConfig & { Client: typeof Client });
  pool.on('error', options.onError);
  pool.on('connect', (client) => {
    // A connection that breaks while it is in use fails its query; without a listener of its own it would end the process, too.
    client.on('error', () => undefined);
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    stream.setTimeout(options.silenceMs ?? silenceMs, () => stream.destroy());
  });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  return { db, close: () => db.destroy() };
}

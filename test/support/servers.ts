import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../scripts/dev/postgresServer.js';
import { type RedisServer, startRedis } from '../../scripts/dev/redisServer.js';
import { testFolder, testSubfolder } from './folder.js';

/** A database of a suite's own, with the current schema and no rows. */
export interface TestDatabase {
  url: string;
  /** Disconnects whoever is left and removes it. */
  drop(): Promise<void>;
}

/** An empty logical Redis database of a suite's own; `prefix` differs from every other suite's, too. */
export interface TestRedis {
  url: string;
  prefix: string;
  /** Empties it and gives it back. */
  drop(): Promise<void>;
}

const ownServers = new Set<{ stop(): Promise<void> }>();

// Both servers start when the first suite asks, and are shared by all suites of the run.
const sharedPostgres = once(async () =>
  track(await startPostgres({ folder: join(testFolder(), 'postgres'), fsync: false })),
);
const sharedRedis = once(async () => track(await startRedis({ folder: join(testFolder(), 'redis') })));
const template = once(makeTemplate);

/** Makes a database for one suite, as a copy of one that was migrated once. */
export async function testDatabase(): Promise<TestDatabase> {
  const from = await template();
  const name = `flowmart_${process.pid}_${randomBytes(4).toString('hex')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${from}`);
  return { url: await urlOf(name), drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

const takenNumbers = new Set<number>();

/** Gives one suite a logical database of the run's Redis server. */
export async function testRedis(): Promise<TestRedis> {
  const server = await sharedRedis();
  let number = 0;
  while (takenNumbers.has(number)) number++;
  if (number >= server.databases)
    throw new Error(`All ${server.databases} Redis databases are taken: some suite does not drop its own`);
  takenNumbers.add(number);
  await emptyRedis(server.port, number);
  return {
    url: `${server.url}/${number}`,
    prefix: `{test${process.pid}-${randomBytes(3).toString('hex')}}`,
    async drop() {
      await emptyRedis(server.port, number);
      takenNumbers.delete(number);
    },
  };
}

export interface OwnPostgres extends PostgresServer {
  /** Makes the migrated database of that server and answers its URL. */
  database(): Promise<string>;
}

/** A PostgreSQL server for one suite that stops, kills or restarts it; durable, since that is the point. */
export async function ownPostgres(): Promise<OwnPostgres> {
  const server = await startPostgres({ folder: testSubfolder('own-postgres-'), fsync: true });
  track(server);
  return {
    ...server,
    get process() {
      return server.process;
    },
    async database() {
      await withClient(server.url('postgres'), (client) => client.query('CREATE DATABASE flowmart'));
      const { migrate } = await import('../../src/db/migrate.js');
      await migrate(server.url('flowmart'));
      return server.url('flowmart');
    },
  };
}

/** A Redis server for one suite that stops, kills, restarts or flushes it. */
export async function ownRedis(): Promise<RedisServer> {
  return track(await startRedis({ folder: testSubfolder('own-redis-') }));
}

/** Stops every server that the run started. */
export async function stopServers(): Promise<void> {
  if (process.env.TEST_DATABASE_URL && template.started) {
    await administer(`DROP DATABASE IF EXISTS ${await template()} WITH (FORCE)`);
  }
  await Promise.all([...ownServers].map((server) => server.stop()));
  ownServers.clear();
}

function track<S extends PostgresServer | RedisServer>(server: S): S {
  ownServers.add(server);
  server.process.unref();
  return server;
}

async function makeTemplate(): Promise<string> {
  const name = `flowmart_template_${process.pid}`;
  await administer(`DROP DATABASE IF EXISTS ${name}`);
  await administer(`CREATE DATABASE ${name}`);
  const { migrate } = await import('../../src/db/migrate.js');
  await migrate(await urlOf(name));
  return name;
}

async function urlOf(database: string): Promise<string> {
  const given = process.env.TEST_DATABASE_URL;
  if (!given) return (await sharedPostgres()).url(database);
  const url = new URL(given);
  url.pathname = `/${database}`;
  return url.href;
}

async function administer(statement: string): Promise<void> {
  await withClient(process.env.TEST_DATABASE_URL ?? (await urlOf('postgres')), (client) => client.query(statement));
}

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function emptyRedis(port: number, number: number): Promise<void> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(port, '127.0.0.1', { db: number });
  try {
    await redis.flushdb();
  } finally {
    redis.disconnect();
  }
}

function once<T>(make: () => Promise<T>): { (): Promise<T>; readonly started: boolean } {
  let made: Promise<T> | undefined;
  const get = () => {
    made ??= make();
    return made;
  };
  return Object.defineProperty(get, 'started', { get: () => made !== undefined }) as typeof get & { started: boolean };
}

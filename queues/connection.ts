import { Redis, type RedisOptions } from 'ioredis';

export type { Redis };

/** Every key of FlowMart starts so; the braces keep them in one slot of a Redis Cluster. */
export const defaultPrefix = '{flowmart}';

const retryStrategy = (times: number): number => Math.min(50 * times, 1000);

/** Connection options of BullMQ workers: they wait for Redis as long as it takes, and look for it at least once a second. */
export const workerOptions: RedisOptions = { maxRetriesPerRequest: null, retryStrategy, enableReadyCheck: true };

/** Connection options of producers: they fail at once when Redis is away; the sweeper will enqueue (design section 4). */
export const producerOptions: RedisOptions = {
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  retryStrategy,
  commandTimeout: 5000,
};

/** Opens a connection that tells of its errors instead of throwing them. */
export function openRedis(url: string, options: RedisOptions, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, options);
  redis.on('error', onError);
  return redis;
}

/**
 * Makes sure that Redis never evicts a queue's keys.
 * @throws {Error} naming the policy and the way to mend it
 */
export async function assertNoEviction(redis: Redis): Promise<void> {
  const info = await redis.info('memory');
  const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
  if (policy && policy !== 'noeviction') {
    throw new Error(
      `Redis would evict queues under memory pressure (maxmemory-policy is ${policy}); set it to noeviction`,
    );
  }
}

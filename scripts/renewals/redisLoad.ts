import type { Redis } from 'ioredis';

/** What Redis carries at an instant. */
export interface RedisLoad {
  readonly keys: number;
  readonly memoryMiB: number;
  /** Jobs that wait for a time: were timers in Redis, they would be these. */
  readonly delayedJobs: number;
  readonly commands: number;
}

/** Reads what Redis carries now; `commands` since it was started. */
export async function readRedisLoad(redis: Redis): Promise<RedisLoad> {
  const [keys, memory, stats, delayed] = await Promise.all([
    redis.dbsize(),
    redis.info('memory'),
    redis.info('stats'),
    redis.keys('*:delayed'),
  ]);
  const counts = await Promise.all(delayed.map((key) => redis.zcard(key)));
  return {
    keys,
    memoryMiB: Math.round(Number(/used_memory:(\d+)/.exec(memory)?.[1] ?? 0) / 104_857.6) / 10,
    delayedJobs: counts.reduce((sum, count) => sum + count, 0),
    commands: Number(/total_commands_processed:(\d+)/.exec(stats)?.[1] ?? 0),
  };
}

/** Looks once a second, and keeps the most of everything. */
export class RedisWatch {
  #most: RedisLoad | null = null;
  readonly #timer: NodeJS.Timeout;

  constructor(redis: Redis) {
    this.#timer = setInterval(() => {
      void readRedisLoad(redis).then(
        (load) => this.#note(load),
        () => undefined,
      );
    }, 1000);
  }

  stop(): RedisLoad | null {
    clearInterval(this.#timer);
    return this.#most;
  }

  #note(load: RedisLoad): void {
    const most = this.#most ?? load;
    this.#most = {
      keys: Math.max(most.keys, load.keys),
      memoryMiB: Math.max(most.memoryMiB, load.memoryMiB),
      delayedJobs: Math.max(most.delayedJobs, load.delayedJobs),
      commands: Math.max(most.commands, load.commands),
    };
  }
}

import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { openRedis, workerOptions } from '../queues/connection.js';
import { PacketReceiver } from '../queues/packets.js';
import { queueServices } from '../queues/routing.js';
import { appendEvents, lastPosition, trimStream } from '../queues/streams.js';
import { channels, type Recipient, recipients } from '../queues/topology.js';
import { assemble } from './assemble.js';
import { type Config, ConfigError } from './config.js';
import { createPartitions } from './db/partitions.js';
import type { Database } from './db/tables.js';
import { forgetExpiredKeys } from './http/idempotency.js';
import { Clocks } from './runtime/clocks.js';
import { describeError } from './runtime/describeError.js';
import { Effects } from './runtime/effects.js';
import type { Participant } from './runtime/ports.js';
import { Publisher } from './runtime/publisher.js';
import type { Ref } from './runtime/routing.js';
import { Sweeper } from './runtime/sweeper.js';

/** Entries a stream keeps beyond what its consumer groups still need. */
const streamLength = 100_000;
const housekeepingMs = 60_000;

export interface WorkerOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly participants: (db: Kysely<Database>) => Readonly<Record<string, Participant>>;
  readonly prefix?: string;
}

/** A worker that runs. */
export interface RunningWorker {
  /** Resolves once it listens on every queue. */
  ready(): Promise<void>;
  /** Takes nothing new, finishes what was begun, disconnects. */
  stop(): Promise<void>;
}

/**
 * Starts a worker: consumes its services' queues, runs effects, sweeps, publishes events.
 * @throws {ConfigError} when WORKER_ROLES names a service that does not exist
 */
export function startWorker({ config, log, participants, prefix: givenPrefix }: WorkerOptions): RunningWorker {
  const queues = queuesOf(config.workerRoles);
  const assembly = assemble({
    config,
    log,
    name: 'worker',
    participants,
    serves: (recipient) => isServed(config.workerRoles, recipient),
    ...(config.testClocks ? { onGroup: () => clocks.poke() } : {}),
    ...(givenPrefix ? { prefix: givenPrefix } : {}),
  });
  const { db, engine, lane, prefix, redis, sender } = assembly;
  const effects = new Effects({
    engine,
    lane,
    concurrency: config.effectConcurrency,
    onError: (ref, error) =>
      log.error({ message: ref.id, type: ref.type, error: describeError(error) }, 'an effect threw'),
  });
  const clocks = new Clocks({
    engine,
    lane,
    onError: (error) => log.warn({ error: (error as Error).message }, 'a test clock stumbled; it goes on'),
  });

  const work = async (refs: readonly Ref[]): Promise<void> => {
    const wakes = new Map<string, Ref>();
    const calls: Promise<unknown>[] = [];
    for (const ref of refs) {
      if (engine.participants[ref.recipient]?.kind === 'effect') calls.push(effects.run(ref));
      else wakes.set(`${ref.recipient}/${ref.actorId}`, ref);
    }
    for (const { recipient, actorId } of wakes.values()) calls.push(lane.submit({ recipient, actorId }));
    const failed = (await Promise.allSettled(calls)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  };

  const blocking = openRedis(config.redisUrl, workerOptions, () => undefined);
  const receiver = new PacketReceiver({
    connection: blocking,
    prefix,
    queues,
    concurrency: config.workerConcurrency,
    receive: (messages, queue) => work(messages.map((message) => ({ queue, ...message }))),
    onError: (queue, error) => log.debug({ queue, error: error.message }, 'a queue is in trouble'),
  });
  const sweeper = new Sweeper({
    engine,
    intervalMs: config.sweepIntervalMs,
    // No packet can say it to anybody while Redis is away or full, so this process does what it serves itself.
    handOff: (refs) =>
      sender.send(refs).catch(() => work(refs.filter(({ recipient }) => isServed(config.workerRoles, recipient)))),
    onError: (error) => log.warn({ error: (error as Error).message }, 'a sweep failed; the next one follows'),
  });
  const publisher = new Publisher({
    db,
    append: (events) => appendEvents(redis, prefix, events),
    lastIn: (channel) => lastPosition(redis, prefix, channel),
    onError: (error) => log.debug({ error: (error as Error).message }, 'publishing failed; it will be tried again'),
  });
  const housekeeping = setInterval(() => {
    const work = [
      ...Object.keys(channels).map((channel) => trimStream(redis, prefix, channel, streamLength)),
      forgetExpiredKeys(db),
      createPartitions(db as unknown as Kysely<never>),
    ];
    void Promise.allSettled(work).then((results) => {
      for (const result of results)
        if (result.status === 'rejected')
          log.debug({ error: String(result.reason) }, 'housekeeping failed; the next one follows');
    });
  }, housekeepingMs);

  sweeper.start();
  redis.on('ready', () => publisher.doubt());
  publisher.start();
  if (config.testClocks) clocks.start();
  log.info({ queues: queues.length }, 'worker started');

  return {
    ready: () => receiver.ready(),
    async stop() {
      clearInterval(housekeeping);
      await Promise.all([receiver.close(), sweeper.stop(), clocks.stop()]);
      await effects.stop();
      await lane.idle();
      await publisher.stop();
      blocking.disconnect();
      await assembly.close();
    },
  };
}

/** Whether a worker of these roles serves a recipient; without roles it serves everybody. */
const isServed = (roles: readonly string[], recipient: string): boolean =>
  roles.length === 0 || roles.includes(recipients[recipient as Recipient]);

/** The queues of some services; all of them when none is named. */
function queuesOf(roles: readonly string[]): string[] {
  const services = new Set<string>(Object.values(recipients));
  const strangers = roles.filter((role) => !services.has(role));
  if (strangers.length > 0) {
    throw new ConfigError([
      `WORKER_ROLES names ${strangers.join(', ')}; it wants some of ${[...services].sort().join(', ')}.`,
    ]);
  }
  return [...queueServices]
    .filter(([, service]) => roles.length === 0 || roles.includes(service))
    .map(([queue]) => queue);
}

import { pino } from 'pino';
import { openRedis, workerOptions } from '../queues/connection.js';
import { PacketReceiver, type PacketRef } from '../queues/packets.js';
import { queueServices } from '../queues/routing.js';
import { appendEvents, trimStream } from '../queues/streams.js';
import { channels, recipients } from '../queues/topology.js';
import { assemble } from './assemble.js';
import { ConfigError, loadConfig } from './config.js';
import { forgetExpiredKeys } from './http/idempotency.js';
import { Effects } from './runtime/effects.js';
import { Publisher } from './runtime/publisher.js';
import { Sweeper } from './runtime/sweeper.js';
import { createParticipants } from './services/registry.js';
import { stopOnSignals } from './shutdown.js';

/** Entries a stream keeps beyond what its consumer groups still need. */
const streamLength = 100_000;
const housekeepingMs = 60_000;

/** Runs a worker dyno: consumes its services' queues, sweeps, publishes events, until a signal stops it. */
async function work(): Promise<void> {
  const config = loadConfig();
  const log = pino({ level: config.logLevel, name: 'worker' });
  const services = new Set<string>(Object.values(recipients));
  const strangers = config.workerRoles.filter((role) => !services.has(role));
  if (strangers.length > 0) {
    throw new ConfigError([
      `WORKER_ROLES names ${strangers.join(', ')}; it wants some of ${[...services].sort().join(', ')}.`,
    ]);
  }
  const roles = config.workerRoles.length > 0 ? new Set(config.workerRoles) : services;
  const queues = [...queueServices].filter(([, service]) => roles.has(service)).map(([queue]) => queue);

  const assembly = assemble({ config, log, name: 'worker', participants: (db) => createParticipants(config, db, log) });
  const { db, engine, lane, handOff, prefix, redis } = assembly;
  const effects = new Effects({
    engine,
    concurrency: config.effectConcurrency,
    handOff,
    onError: (ref, error) => log.error({ message: ref.id, type: ref.type, error }, 'an effect threw'),
  });

  const receive = async (messages: readonly PacketRef[], queue: string): Promise<void> => {
    const wakes = new Map<string, PacketRef>();
    const calls: Promise<unknown>[] = [];
    for (const message of messages) {
      if (engine.participants[message.recipient]?.kind === 'effect') calls.push(effects.run({ ...message, queue }));
      else wakes.set(`${message.recipient}/${message.actorId}`, message);
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
    receive,
    onError: (queue, error) => log.debug({ queue, error: error.message }, 'a queue is in trouble'),
  });
  const sweeper = new Sweeper({
    engine,
    intervalMs: config.sweepIntervalMs,
    handOff,
    onError: (error) => log.warn({ error: (error as Error).message }, 'a sweep failed; the next one follows'),
  });
  const publisher = new Publisher({
    db,
    append: (events) => appendEvents(redis, prefix, events),
    onError: (error) => log.debug({ error: (error as Error).message }, 'publishing failed; it will be tried again'),
  });
  const housekeeping = setInterval(() => {
    const work = [
      ...Object.keys(channels).map((channel) => trimStream(redis, prefix, channel, streamLength)),
      forgetExpiredKeys(db),
    ];
    void Promise.allSettled(work).then((results) => {
      for (const result of results)
        if (result.status === 'rejected')
          log.debug({ error: String(result.reason) }, 'housekeeping failed; the next one follows');
    });
  }, housekeepingMs);

  sweeper.start();
  publisher.start();
  log.info({ queues: queues.length, roles: [...roles].sort() }, 'worker is ready');

  stopOnSignals(log, config.shutdownTimeoutMs, async () => {
    clearInterval(housekeeping);
    await Promise.all([receiver.close(), sweeper.stop(), publisher.stop()]);
    blocking.disconnect();
    await assembly.close();
  });
}

try {
  await work();
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
  process.exit(1);
}

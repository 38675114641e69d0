import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { assertNoEviction, defaultPrefix, openRedis, producerOptions, type Redis } from '../queues/connection.js';
import { PacketSender } from '../queues/packets.js';
import { queueServices, routing } from '../queues/routing.js';
import type { Config } from './config.js';
import { connect } from './db/connect.js';
import type { Database } from './db/tables.js';
import { type Acceptor, BacklogGauge, createAcceptor } from './runtime/accept.js';
import { describeError } from './runtime/describeError.js';
import type { Engine } from './runtime/engine.js';
import { type GroupReport, Lane } from './runtime/lane.js';
import type { Participant } from './runtime/ports.js';
import type { Ref } from './runtime/routing.js';

/** What a web and a worker process have in common: the database, the producing side of the queues, and a commit lane. */
export interface Assembly {
  readonly db: Kysely<Database>;
  readonly redis: Redis;
  readonly prefix: string;
  readonly sender: PacketSender;
  readonly engine: Engine;
  readonly lane: Lane;
  readonly acceptor: Acceptor;
  readonly gauge: BacklogGauge;
  readonly handOff: (refs: readonly Ref[]) => Promise<void>;
  /** Finishes what was begun, then disconnects. */
  close(): Promise<void>;
}

export interface AssemblyOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Names the process to PostgreSQL and in the log: `web`, `worker`. */
  readonly name: string;
  /** Builds the participants on the database. */
  readonly participants: (db: Kysely<Database>) => Readonly<Record<string, Participant>>;
  readonly prefix?: string;
  /** Whose messages this process handles where they are sent; nobody's when it is left out. */
  readonly serves?: (recipient: string) => boolean;
  readonly onGroup?: (report: GroupReport) => void;
}

/** Wires database, queues and engine together as the configuration says. */
export function assemble({
  config,
  log,
  name,
  participants,
  onGroup,
  serves,
  prefix = defaultPrefix,
}: AssemblyOptions): Assembly {
  const { db, close: closeDatabase } = connect({
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    name: `flowmart ${name}`,
    onError: (error) => log.warn({ error: error.message }, 'a database connection was lost'),
  });
  const redis = openRedis(config.redisUrl, producerOptions, complainOnce(log));
  redis.on('ready', () => {
    assertNoEviction(redis).catch((error: Error) => log.error(error.message));
  });
  const sender = new PacketSender({
    connection: redis,
    prefix,
    packetSize: config.packetSize,
    queues: queueServices.keys(),
  });
  const handOff = (refs: readonly Ref[]): Promise<void> =>
    sender.send(refs).catch((error: Error) => {
      log.debug({ error: error.message, messages: refs.length }, 'Redis took no packets; the sweeper will');
    });
  const engine: Engine = {
    db,
    participants: participants(db),
    routing,
    wakeAfterMs: config.wakeAfterMs,
    ...(serves ? { serves } : {}),
  };
  const lane = new Lane({
    engine,
    batchSize: config.batchSize,
    handOff,
    onPoison: (unit, error) =>
      log.error(
        { recipient: unit.recipient, actorId: unit.actorId, error: describeError(error) },
        'a message failed its drain',
      ),
    ...(onGroup ? { onGroup } : {}),
  });
  const gauge = new BacklogGauge(db, config.backlogLimit);
  return {
    db,
    redis,
    prefix,
    sender,
    engine,
    lane,
    gauge,
    acceptor: createAcceptor({ lane, routing, gauge }),
    handOff,
    async close() {
      await lane.idle();
      await sender.close();
      redis.disconnect();
      await closeDatabase();
    },
  };
}

/** A Redis that is away fails at every try to reconnect: once is enough to say. */
function complainOnce(log: Logger): (error: Error) => void {
  let last = 0;
  return (error) => {
    if (performance.now() - last < 10_000 && last > 0) return;
    last = performance.now();
    log.warn({ error: error.message }, 'Redis is out of reach; work goes on and packets follow later');
  };
}

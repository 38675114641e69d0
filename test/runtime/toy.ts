import { type Kysely, type Selectable, sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import type { Received } from '../../machines/shared/message.js';
import { createActorTable } from '../../src/db/actorTable.js';
import { connect } from '../../src/db/connect.js';
import type { Database, MailboxTable } from '../../src/db/tables.js';
import { Clocks, type ClocksOptions } from '../../src/runtime/clocks.js';
import { Effects, type EffectsOptions } from '../../src/runtime/effects.js';
import type { Engine } from '../../src/runtime/engine.js';
import { type DomainError, FatalError } from '../../src/runtime/errors.js';
import { Lane, type LaneOptions } from '../../src/runtime/lane.js';
import type { Effect, EffectOutcome, EffectRun, Handled, Handler, Participant, Trx } from '../../src/runtime/ports.js';
import type { Delivery, Ref, Routing } from '../../src/runtime/routing.js';
import { Sweeper, type SweeperOptions } from '../../src/runtime/sweeper.js';
import type { DirectResult } from '../../src/runtime/work.js';
import { testDatabase } from '../support/servers.js';
import { metronome } from './metronome.js';
import { type PlayerContext, player } from './player.js';

/*
 * A double of FlowMart that knows no FlowMart word: a player and a metronome (actors, see player.ts and metronome.ts), a referee
 * (handler) that is asked inline, and a horn (effect) that is heard outside.
 */

/** Counts how many messages each call was given; answers with a verdict inside the same transaction. */
export function createReferee() {
  const referee = {
    kind: 'handler' as const,
    calls: [] as number[],
    /** Fails the whole transaction when it is given such a message. */
    failOn: null as ((message: Received) => boolean) | null,
    act: null as ((trx: Trx, messages: readonly Received[]) => Promise<void>) | null,
    refuse: null as DomainError | null,
    async handle(trx: Trx, messages: readonly Received[]): Promise<readonly Handled[]> {
      referee.calls.push(messages.length);
      for (const message of messages) if (referee.failOn?.(message)) await sql`select 1 / 0`.execute(trx);
      await referee.act?.(trx, messages);
      return messages.map(({ type, data }) => {
        if (referee.refuse) return { refuse: referee.refuse };
        const verdict = { type: 'Verdict', data: { to: (data as { to: string }).to } };
        return { emit: type === 'AskReferee' ? [verdict] : [], answer: 'seen' };
      });
    },
  } satisfies Handler & Record<string, unknown>;
  return referee;
}

type HornSays = EffectOutcome | 'blow';

/** A horn that writes down what was blown, with a look-up, and can be told to misbehave. */
export function createHorn(leaseMs = 2000) {
  const horn = {
    kind: 'effect' as const,
    leaseMs,
    /** Message ids in the order in which they were heard outside. */
    blown: [] as string[],
    runs: [] as (EffectRun & { readonly id: string; readonly prepared: unknown })[],
    behave: null as ((message: Received, run: EffectRun) => Promise<HornSays>) | null,
    read: null as ((trx: Trx, messages: readonly Received[]) => Promise<readonly unknown[]>) | null,
    write: null as ((trx: Trx, settled: readonly Settled[]) => Promise<void>) | null,
    async prepare(trx: Trx, messages: readonly Received[]): Promise<readonly unknown[]> {
      return (await horn.read?.(trx, messages)) ?? [];
    },
    async finish(trx: Trx, settled: readonly Settled[]): Promise<void> {
      await horn.write?.(trx, settled);
    },
    async run(message: Received, run: EffectRun, prepared: unknown): Promise<EffectOutcome> {
      horn.runs.push({ ...run, id: message.id, prepared });
      const { to, text } = message.data as { to: string; text: string };
      const done: EffectOutcome = { kind: 'done', emit: [{ type: 'Heard', data: { to, text } }], record: text };
      if (run.lookUp && horn.blown.includes(message.id)) return done;
      const said = (await horn.behave?.(message, run)) ?? 'blow';
      if (said !== 'blow') return said;
      horn.blown.push(message.id);
      return done;
    },
  } satisfies Effect & Record<string, unknown>;
  return horn;
}

type Settled = { readonly message: Received; readonly record: unknown };

const targets: Record<string, { recipient: string; queue: string | null; public?: boolean }> = {
  Join: { recipient: 'player', queue: 'players' },
  Ball: { recipient: 'player', queue: 'players' },
  Rest: { recipient: 'player', queue: 'players' },
  Wake: { recipient: 'player', queue: 'players' },
  Note: { recipient: 'player', queue: 'players' },
  Boom: { recipient: 'player', queue: 'players' },
  Garble: { recipient: 'player', queue: 'players' },
  Serve: { recipient: 'player', queue: 'players' },
  Judge: { recipient: 'player', queue: 'players' },
  Appeal: { recipient: 'player', queue: 'players' },
  Verdict: { recipient: 'player', queue: null },
  AskReferee: { recipient: 'referee', queue: null },
  CallReferee: { recipient: 'referee', queue: 'referees' },
  Blow: { recipient: 'player', queue: 'players' },
  BlowHorn: { recipient: 'horn', queue: 'horns' },
  Heard: { recipient: 'player', queue: 'players' },
  Start: { recipient: 'metronome', queue: 'metronomes' },
  Nudge: { recipient: 'metronome', queue: 'metronomes' },
};

const routing: Routing = {
  check(type) {
    if (type !== 'Joined' && !targets[type]) throw new FatalError('UNKNOWN_MESSAGE', `there is no message ${type}`);
  },
  route(type, data) {
    if (type === 'Joined') return { deliveries: [], channel: 'game', version: '1.0.0' };
    const target = targets[type];
    if (!target) throw new FatalError('UNKNOWN_MESSAGE', `there is no message ${type}`);
    const { to, id } = data as { to?: string; id?: string };
    const delivery: Delivery = { recipient: target.recipient, actorId: (to ?? id) as string, queue: target.queue };
    return { deliveries: [delivery], channel: null, version: '1.0.0' };
  },
  /** Whom a player plays with is nobody else's business. */
  publicData: (_type, data) => ({ ...(data as object), partner: undefined }),
  queueOf: (type) => targets[type]?.queue ?? 'timers',
};

export interface Toy {
  readonly db: Kysely<Database>;
  readonly url: string;
  readonly engine: Engine;
  readonly lane: Lane;
  readonly referee: ReturnType<typeof createReferee>;
  readonly horn: ReturnType<typeof createHorn>;
  /** Everything that was handed to the queues. */
  readonly refs: Ref[];
  /** Puts a message into a mailbox as a foreign sender would; answers its id. */
  send(type: string, data: { to: string } & Record<string, unknown>): Promise<string>;
  /** Gives a message straight to its receiver, as a request does. */
  tell(type: string, data: { to: string } & Record<string, unknown>, clockId?: string): Promise<DirectResult | null>;
  /** @param clockId the test clock that the new player lives by */
  join(partner?: string, id?: string, clockId?: string): Promise<string>;
  /** Drains these mailboxes once. */
  drain(...ids: string[]): Promise<void>;
  state(id: string): Promise<{ state: string; version: number; context: PlayerContext } | null>;
  mailbox(id: string): Promise<readonly MailboxRow[]>;
  journal(id: string): Promise<readonly { type: string; outcome: string; reason: string | null }[]>;
  /** Lets the backoff or the lease of an actor's messages (or of all messages) be over now. */
  endWait(id?: string): Promise<void>;
  /** More of the engine on the same database; what they hand off is in `refs` too. */
  createLane(options?: Partial<LaneOptions>): Lane;
  createSweeper(options?: Partial<SweeperOptions>): Sweeper;
  createEffects(options?: Partial<EffectsOptions>): Effects;
  createClocks(options?: Partial<ClocksOptions>): Clocks;
  close(): Promise<void>;
}

export type MailboxRow = Pick<
  Selectable<MailboxTable>,
  'seq' | 'id' | 'type' | 'attempts' | 'deferred' | 'wake_at' | 'lease_until' | 'in_doubt' | 'last_error'
>;

/** The toy's engine on a database that has its tables. */
export const toyEngine = (db: Kysely<Database>, others: Record<string, Participant>, wakeAfterMs = 50): Engine => ({
  db,
  participants: { player, metronome, ...others },
  routing,
  wakeAfterMs,
});

/** A database with the toy's tables, and an engine on it without any queue. */
export async function startToy(
  options: { batchSize?: number; wakeAfterMs?: number; leaseMs?: number } = {},
): Promise<Toy> {
  const database = await testDatabase();
  const { db, close } = connect({ url: database.url, poolSize: 6, name: 'toy', onError: () => undefined });
  await sql`create schema toy`.execute(db);
  await createActorTable(db as unknown as Kysely<never>, 'toy.players', {
    hits: "int = (snapshot #>> '{context,hits}')::int",
  });
  await createActorTable(db as unknown as Kysely<never>, 'toy.metronomes', {});
  const referee = createReferee();
  const horn = createHorn(options.leaseMs);
  const engine: Engine = toyEngine(db, { referee, horn }, options.wakeAfterMs);
  const refs: Ref[] = [];
  const handOff = (sent: readonly Ref[]) => {
    refs.push(...sent);
    return Promise.resolve();
  };
  const onError = (error: unknown) => {
    throw error;
  };
  const createLane: Toy['createLane'] = (own) => new Lane({ engine, batchSize: 100, handOff, ...own });
  const lane = createLane({ batchSize: options.batchSize ?? 100 });
  const give = (recipient: string, actorId: string, type: string, data: unknown, clockId: string | null = null) => {
    const id = uuidv7();
    const message = { type, data, id, source: '/test', correlationId: id, causationId: null, clockId };
    return lane.submit({ recipient, actorId, direct: message });
  };
  return {
    db,
    url: database.url,
    engine,
    lane,
    referee,
    horn,
    refs,
    createLane,
    createSweeper: (own) => new Sweeper({ engine, intervalMs: 20, handOff, onError, ...own }),
    createEffects: (own) => new Effects({ engine, lane: createLane(), concurrency: 10, ...own }),
    createClocks: (own) => new Clocks({ engine, lane, onError, ...own }),
    async send(type, data) {
      const id = uuidv7();
      const { recipient, queue } = targets[type] as (typeof targets)[string];
      await sql`
        insert into runtime.mailbox (id, recipient, actor_id, type, data, source, correlation_id, queue, sent_at, wake_at)
        values (${id}, ${recipient}, ${data.to}, ${type}, ${JSON.stringify(data)}, '/test', ${id}, ${queue ?? ''}, now(), now())`.execute(
        db,
      );
      return id;
    },
    tell: (type, data, clockId) =>
      give((targets[type] as (typeof targets)[string]).recipient, data.to, type, data, clockId),
    async join(partner, id = uuidv7(), clockId) {
      await give('player', id, 'Join', { id, partner: partner ?? null }, clockId);
      return id;
    },
    async drain(...ids) {
      await Promise.all(ids.map((actorId) => lane.submit({ recipient: 'player', actorId })));
    },
    async state(id) {
      const { rows } = await sql<{ state: string; version: number; snapshot: { context: PlayerContext } }>`
        select state, version, snapshot from toy.players where id = ${id}`.execute(db);
      const [row] = rows;
      return row ? { state: row.state, version: row.version, context: row.snapshot.context } : null;
    },
    mailbox: (id) =>
      db
        .selectFrom('runtime.mailbox')
        .select(['seq', 'id', 'type', 'attempts', 'deferred', 'wake_at', 'lease_until', 'in_doubt', 'last_error'])
        .where('actor_id', '=', id)
        .orderBy('seq')
        .execute(),
    journal: (id) =>
      db
        .selectFrom('runtime.journal')
        .select(['type', 'outcome', 'reason'])
        .where('actor_id', '=', id)
        .orderBy('seq')
        .execute(),
    async endWait(id) {
      // What a drain has in its hands is not waited for: it would wait for us in turn.
      await sql`update runtime.mailbox set wake_at = now(), lease_until = now() where seq in (
        select seq from runtime.mailbox where actor_id = coalesce(${id ?? null}, actor_id) and (attempts > 0 or lease_until is not null)
        for update skip locked)`.execute(db);
    },
    async close() {
      await lane.idle();
      await close();
      await database.drop();
    },
  };
}

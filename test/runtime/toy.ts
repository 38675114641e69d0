import { type Kysely, sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { assign, emit, setup } from 'xstate';
import type { Received } from '../../machines/shared/message.js';
import { createActorTable } from '../../src/db/actorTable.js';
import { connect } from '../../src/db/connect.js';
import type { Database } from '../../src/db/tables.js';
import type { Engine } from '../../src/runtime/drain.js';
import { FatalError } from '../../src/runtime/errors.js';
import { Lane } from '../../src/runtime/lane.js';
import type { Actor, Effect, EffectOutcome, EffectRun, Handler } from '../../src/runtime/ports.js';
import type { Delivery, Ref, Routing } from '../../src/runtime/routing.js';
import { testDatabase } from '../support/servers.js';

/**
 * A double of FlowMart that knows no FlowMart word: a player that counts hits and answers each with a Ball to its partner, a
 * referee (handler) that is asked inline, and a horn (effect) that is heard outside.
 */
interface PlayerContext {
  id: string;
  partner: string | null;
  hits: number;
  heard: string[];
  verdicts: number;
}
type PlayerEvent =
  | Received<'Join', { id: string; partner: string | null }>
  | Received<'Ball', { to: string; left: number }>
  | Received<'Rest', { to: string; ms: number }>
  | Received<'Wake', { to: string }>
  | Received<'Note', { to: string; text: string }>
  | Received<'Boom', { to: string; times: number }>
  | Received<'Judge', { to: string }>
  | Received<'Verdict', { to: string }>
  | Received<'Blow', { to: string; text: string }>
  | Received<'Heard', { to: string; text: string }>
  | Received<'Early', { to: string }>;

/** How often `Boom` has been tried, by player: the machine stays pure, the tests' wish to see a retry lives here. */
export const booms = new Map<string, number>();

const boom = (to: string): number => {
  const tried = (booms.get(to) ?? 0) + 1;
  booms.set(to, tried);
  return tried;
};

const playerMachine = setup({
  types: {
    context: {} as PlayerContext,
    events: {} as PlayerEvent,
    input: {} as Received<'Join', { id: string; partner: string | null }>,
    emitted: {} as { type: string; data: unknown },
    meta: {} as { defers?: readonly string[] },
  },
  actions: {
    hit: assign({ hits: ({ context }) => context.hits + 1 }),
    passOn: emit(({ context, event }) => ({
      type: 'Ball',
      data: { to: context.partner ?? context.id, left: event.type === 'Ball' ? event.data.left - 1 : 0 },
    })),
    tellAll: emit(({ context }) => ({ type: 'Joined', data: { id: context.id } })),
    note: assign({
      heard: ({ context, event }) => (event.type === 'Note' ? [...context.heard, event.data.text] : context.heard),
    }),
    ask: emit(({ context }) => ({ type: 'AskReferee', data: { to: context.id } })),
    count: assign({ verdicts: ({ context }) => context.verdicts + 1 }),
    blow: emit(({ context, event }) => ({
      type: 'BlowHorn',
      data: { to: context.id, text: event.type === 'Blow' ? event.data.text : '' },
    })),
    remember: assign({
      heard: ({ context, event }) => (event.type === 'Heard' ? [...context.heard, event.data.text] : context.heard),
    }),
  },
  guards: {
    canPass: ({ event }) => event.type === 'Ball' && event.data.left > 0,
    survives: ({ event }) => {
      if (event.type === 'Boom' && boom(event.data.to) <= event.data.times) throw new Error('boom');
      return true;
    },
  },
  delays: { rest: ({ event }) => (event.type === 'Rest' ? event.data.ms : 0) },
}).createMachine({
  id: 'player',
  context: ({ input }) => ({ id: input.data.id, partner: input.data.partner, hits: 0, heard: [], verdicts: 0 }),
  initial: 'playing',
  states: {
    playing: {
      entry: 'tellAll',
      on: {
        Ball: [{ guard: 'canPass', actions: ['hit', 'passOn'] }, { actions: 'hit' }],
        Rest: 'resting',
        Note: { actions: 'note' },
        Boom: { guard: 'survives', actions: 'hit' },
        Judge: { actions: 'ask' },
        Verdict: { actions: 'count' },
        Blow: { actions: 'blow' },
        Heard: { actions: 'remember' },
      },
    },
    resting: {
      meta: { defers: ['Note'] },
      on: { Wake: 'playing', Rest: { target: 'resting', reenter: true } },
      after: { rest: 'rested' },
    },
    rested: { on: { Wake: 'playing' } },
  },
});

export const player: Actor = {
  kind: 'actor',
  machine: playerMachine,
  creates: ['Join'],
  version: 1,
  table: 'toy.players',
};

/** Counts how many messages each call was given; answers with a verdict inside the same transaction. */
export function createReferee(): Handler & { calls: number[]; failOn: ((message: Received) => boolean) | null } {
  const referee = {
    kind: 'handler' as const,
    calls: [] as number[],
    failOn: null as ((message: Received) => boolean) | null,
    async handle(trx: Kysely<Database>, messages: readonly Received[]) {
      referee.calls.push(messages.length);
      for (const message of messages) if (referee.failOn?.(message)) await sql`select 1 / 0`.execute(trx);
      return messages.map(({ data }) => ({
        emit: [{ type: 'Verdict', data: { to: (data as { to: string }).to } }],
        answer: 'seen',
      }));
    },
  };
  return referee;
}

/** A horn that writes down what was blown, with a look-up, and can be told to misbehave. */
export function createHorn(leaseMs = 2000) {
  const blown: string[] = [];
  const runs: EffectRun[] = [];
  const horn = {
    kind: 'effect' as const,
    leaseMs,
    blown,
    runs,
    behave: null as ((text: string, run: EffectRun) => Promise<EffectOutcome | 'blow'>) | null,
    async run(message: Received, run: EffectRun): Promise<EffectOutcome> {
      const { to, text } = message.data as { to: string; text: string };
      runs.push(run);
      const done: EffectOutcome = { kind: 'done', emit: [{ type: 'Heard', data: { to, text } }] };
      if (run.lookUp && blown.includes(message.id)) return done;
      const said = (await horn.behave?.(text, run)) ?? 'blow';
      if (said !== 'blow') return said;
      blown.push(message.id);
      return done;
    },
  } satisfies Effect & Record<string, unknown>;
  return horn;
}

const targets: Record<string, { recipient: string; queue: string | null; public?: boolean }> = {
  Join: { recipient: 'player', queue: 'players' },
  Ball: { recipient: 'player', queue: 'players' },
  Rest: { recipient: 'player', queue: 'players' },
  Wake: { recipient: 'player', queue: 'players' },
  Note: { recipient: 'player', queue: 'players' },
  Boom: { recipient: 'player', queue: 'players' },
  Judge: { recipient: 'player', queue: 'players' },
  Verdict: { recipient: 'player', queue: null },
  AskReferee: { recipient: 'referee', queue: null },
  CallReferee: { recipient: 'referee', queue: 'referees' },
  Blow: { recipient: 'player', queue: 'players' },
  BlowHorn: { recipient: 'horn', queue: 'horns' },
  Heard: { recipient: 'player', queue: 'players' },
};

const routing: Routing = {
  check(type) {
    if (type !== 'Joined' && !targets[type]) throw new FatalError('UNKNOWN_MESSAGE', `there is no message ${type}`);
  },
  route(type, data) {
    if (type === 'Joined') return { deliveries: [], channel: 'game', version: '1.0.0' };
    const target = targets[type] as (typeof targets)[string];
    const { to, id } = data as { to?: string; id?: string };
    const delivery: Delivery = { recipient: target.recipient, actorId: (to ?? id) as string, queue: target.queue };
    return { deliveries: [delivery], channel: null, version: '1.0.0' };
  },
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
  join(partner?: string): Promise<string>;
  /** Drains these mailboxes once. */
  drain(...ids: string[]): Promise<void>;
  state(id: string): Promise<{ state: string; version: number; context: PlayerContext } | null>;
  close(): Promise<void>;
}

/** A database with the toy's table, and an engine on it without any queue. */
export async function startToy(
  options: { batchSize?: number; wakeAfterMs?: number; leaseMs?: number } = {},
): Promise<Toy> {
  const database = await testDatabase();
  const { db, close } = connect({ url: database.url, poolSize: 6, name: 'toy', onError: () => undefined });
  await sql`create schema toy`.execute(db);
  await createActorTable(db as unknown as Kysely<never>, 'toy.players', {
    hits: "int = (snapshot #>> '{context,hits}')::int",
  });
  const referee = createReferee();
  const horn = createHorn(options.leaseMs);
  const engine: Engine = {
    db,
    participants: { player, referee, horn },
    routing,
    wakeAfterMs: options.wakeAfterMs ?? 50,
  };
  const refs: Ref[] = [];
  const lane = new Lane({
    engine,
    batchSize: options.batchSize ?? 100,
    handOff: (sent) => {
      refs.push(...sent);
      return Promise.resolve();
    },
  });
  const send: Toy['send'] = async (type, data) => {
    const id = uuidv7();
    const { recipient, queue } = targets[type] as (typeof targets)[string];
    await sql`
      insert into runtime.mailbox (id, recipient, actor_id, type, data, source, correlation_id, queue, sent_at, wake_at)
      values (${id}, ${recipient}, ${data.to}, ${type}, ${JSON.stringify(data)}, '/test', ${id}, ${queue ?? ''}, now(), now())`.execute(
      db,
    );
    return id;
  };
  return {
    db,
    url: database.url,
    engine,
    lane,
    referee,
    horn,
    refs,
    send,
    async join(partner) {
      const id = uuidv7();
      const correlationId = uuidv7();
      await lane.submit({
        recipient: 'player',
        actorId: id,
        direct: {
          type: 'Join',
          data: { id, partner: partner ?? null },
          id: uuidv7(),
          source: '/test',
          correlationId,
          causationId: null,
          clockId: null,
        },
      });
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
    async close() {
      await lane.idle();
      await close();
      await database.drop();
    },
  };
}

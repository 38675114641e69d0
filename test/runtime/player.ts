import { assign, emit, setup } from 'xstate';
import type { Received } from '../../machines/shared/message.js';
import type { Actor } from '../../src/runtime/ports.js';

export interface PlayerContext {
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
  | Received<'Boom', { to: string; times: number; text?: string }>
  | Received<'Garble', { to: string }>
  | Received<'Serve', { to: string }>
  | Received<'Judge', { to: string }>
  | Received<'Appeal', { to: string }>
  | Received<'Verdict', { to: string }>
  | Received<'Blow', { to: string; text: string }>
  | Received<'Heard', { to: string; text: string }>;

/** How often each `Boom` has been tried, by message id: a machine is pure, but the tests wish to see one that mends itself. */
const booms = new Map<string, number>();

const boom = (id: string): number => {
  const tried = (booms.get(id) ?? 0) + 1;
  booms.set(id, tried);
  return tried;
};

/** A player: counts hits and passes each Ball on to its partner, rests on a timer, asks the referee, blows the horn. */
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
    whisper: emit(({ context }) => ({ type: 'Note', data: { to: context.partner ?? context.id, text: 'psst' } })),
    babble: emit({ type: 'Gibberish', data: {} }),
    tellAll: emit(({ context }) => ({ type: 'Joined', data: { id: context.id, partner: context.partner } })),
    note: assign({
      heard: ({ context, event }) => (event.type === 'Note' ? [...context.heard, event.data.text] : context.heard),
    }),
    echo: assign({
      heard: ({ context, event }) =>
        event.type === 'Boom' && event.data.text ? [...context.heard, event.data.text] : context.heard,
    }),
    ask: emit(({ context }) => ({ type: 'AskReferee', data: { to: context.id } })),
    appeal: emit(({ context }) => ({ type: 'CallReferee', data: { to: context.id } })),
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
      if (event.type === 'Boom' && boom(event.id) <= event.data.times) throw new Error('boom');
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
        Boom: { guard: 'survives', actions: ['hit', 'echo'] },
        Serve: { actions: ['passOn', 'passOn'] },
        Garble: { actions: ['whisper', 'ask', 'babble'] },
        Judge: { actions: 'ask' },
        Appeal: { actions: 'appeal' },
        Verdict: { actions: 'count' },
        Blow: { actions: 'blow' },
        Heard: { actions: 'remember' },
      },
    },
    resting: {
      meta: { defers: ['Note', 'Ball', 'Boom', 'Judge', 'Serve'] },
      on: { Wake: 'playing', Rest: { target: 'resting', reenter: true } },
      after: { rest: 'rested' },
    },
    rested: { meta: { defers: ['Note', 'Ball', 'Boom', 'Judge', 'Serve'] }, on: { Wake: 'playing' } },
  },
});

export const player: Actor = {
  kind: 'actor',
  machine: playerMachine,
  creates: ['Join'],
  version: 1,
  table: 'toy.players',
  ends: [],
};

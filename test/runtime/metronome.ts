import { assign, enqueueActions, setup } from 'xstate';
import type { Received } from '../../machines/shared/message.js';
import type { Actor } from '../../src/runtime/ports.js';

/** How a metronome beats: after each of these gaps (ms) once; `loud` ones blow the horn at every beat. */
export interface Score {
  readonly to: string;
  readonly gaps: readonly number[];
  readonly partner: string | null;
  readonly loud: boolean;
}

export interface MetronomeContext extends Score {
  /** When it has beaten. */
  readonly beats: readonly string[];
}

type MetronomeEvent = Received<'Start', Score> | Received<'Nudge', { to: string }>;

/** Beats by a timer that sets the next one, and nudges its partner at each beat; a nudged one begins its gap anew. */
const metronomeMachine = setup({
  types: {
    context: {} as MetronomeContext,
    events: {} as MetronomeEvent,
    input: {} as Received<'Start', Score>,
    emitted: {} as { type: string; data: unknown },
  },
  actions: {
    beat: enqueueActions(({ context: { to, partner, loud, beats }, event, enqueue }) => {
      enqueue(assign({ beats: [...beats, event.at] }));
      if (partner) enqueue.emit({ type: 'Nudge', data: { to: partner } });
      if (loud) enqueue.emit({ type: 'BlowHorn', data: { to, text: event.at } });
    }),
  },
  guards: { isLast: ({ context }) => context.beats.length + 1 === context.gaps.length },
  delays: { gap: ({ context }) => context.gaps[context.beats.length] ?? 0 },
}).createMachine({
  id: 'metronome',
  context: ({ input }) => ({ ...input.data, beats: [] }),
  initial: 'beating',
  states: {
    beating: {
      on: { Nudge: { target: 'beating', reenter: true } },
      after: {
        gap: [
          { guard: 'isLast', target: 'silent', actions: 'beat' },
          { target: 'beating', reenter: true, actions: 'beat' },
        ],
      },
    },
    silent: {},
  },
});

export const metronome: Actor = {
  kind: 'actor',
  machine: metronomeMachine,
  creates: ['Start'],
  version: 1,
  table: 'toy.metronomes',
  ends: [],
};

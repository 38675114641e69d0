import { expect } from 'chai';
import fc from 'fast-check';
import { initialTransition as xstateInitial, transition as xstateTransition } from 'xstate';
import { initialTransition, transition } from '../../src/runtime/transition.js';
import { player } from './player.js';

const received = (type: string, data: unknown) => ({
  type,
  data,
  id: 'message',
  at: '2026-01-01T00:00:00.000Z',
  correlationId: 'c',
});
const join = received('Join', { id: 'a', partner: 'b' });
const event = fc.oneof(
  fc.record({ left: fc.nat(3) }).map((data) => received('Ball', { to: 'a', ...data })),
  fc.record({ ms: fc.nat(1000) }).map((data) => received('Rest', { to: 'a', ...data })),
  fc.constantFrom('Wake', 'Judge', 'Verdict').map((type) => received(type, { to: 'a' })),
  fc.string().map((text) => received('Note', { to: 'a', text })),
);

/** What counts of a snapshot and its actions. */
const plain = ([state, actions]: readonly [
  { value: unknown; context: unknown; status: string },
  readonly { type: string; params?: unknown }[],
]) =>
  JSON.parse(
    JSON.stringify({
      value: state.value,
      context: state.context,
      status: state.status,
      actions: actions.map(({ type, params }) => ({ type, params })),
    }),
  );

describe('our pure transition', () => {
  it('answers what XState’s own initialTransition() and transition() answer', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        let ours = initialTransition(player.machine, join);
        let theirs = xstateInitial(player.machine, join as never);
        expect(plain(ours)).to.deep.equal(plain(theirs as never));
        for (const one of events) {
          ours = transition(player.machine, ours[0], one);
          theirs = xstateTransition(player.machine, theirs[0], one as never);
          expect(plain(ours)).to.deep.equal(plain(theirs as never));
        }
      }),
    );
  });
});

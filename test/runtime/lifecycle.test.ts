import { expect } from 'chai';
import { emit, raise, setup } from 'xstate';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import { FatalError } from '../../src/runtime/errors.js';
import {
  create,
  type Living,
  NewerVersionError,
  receive,
  restore,
  type Step,
  toSnapshot,
} from '../../src/runtime/lifecycle.js';
import type { Actor, Snapshot } from '../../src/runtime/ports.js';

/** A lamp that dims by itself, is repaired only when the fuse is good, and keeps wishes for when it is lit. */
const lampMachine = setup({
  types: { events: {} as Received, emitted: {} as Outgoing, meta: {} as { defers?: readonly string[] } },
  guards: { fuseIsGood: ({ event }) => (event.data as { fuse: string }).fuse === 'good' },
  delays: { dims: ({ event }) => (event.data as { ms?: number }).ms ?? 1000 },
  actions: { shine: emit({ type: 'Shone', data: {} }) },
}).createMachine({
  id: 'lamp',
  initial: 'dark',
  states: {
    dark: { meta: { defers: ['Wish'] }, on: { Light: 'lit' } },
    lit: {
      initial: 'bright',
      meta: { defers: ['Polish'] },
      on: { Wish: { actions: 'shine' }, Quench: 'dark', Flash: 'flashing' },
      states: {
        bright: {
          after: { dims: 'dim', 60000: '#lamp.burnt' },
          on: { Trim: { target: 'bright', reenter: true }, Polish: { actions: 'shine' } },
        },
        dim: { after: { 5000: { actions: 'shine' } } },
      },
    },
    flashing: { after: { 5: 'dark' }, always: 'dark' },
    burnt: { on: { Repair: { guard: 'fuseIsGood', target: 'dark' } } },
  },
});

const lamp: Actor = {
  kind: 'actor',
  machine: lampMachine,
  creates: ['Make'],
  version: 1,
  table: 'toy.lamps',
  ends: [],
};
const dims = 'xstate.after.dims.lamp.lit.bright';
const burns = 'xstate.after.60000.lamp.lit.bright';
const flickers = 'xstate.after.5000.lamp.lit.dim';

const received = (type: string, data: unknown = {}): Received => ({
  type,
  data,
  id: 'm',
  at: '2026-01-01T00:00:00.000Z',
  correlationId: 'c',
});
const applied = (step: Step) => {
  if (step.outcome !== 'applied') throw new Error(`${step.outcome}`);
  return step;
};
const make = (): Living => applied(create(lamp, received('Make'))).next;
const tell = (living: Living, type: string, data?: unknown): Step => receive(living, received(type, data));
const moved = (living: Living, ...types: string[]): Living =>
  types.reduce((now, type) => applied(tell(now, type)).next, living);

describe('a lifecycle', () => {
  describe('timers (invariant 6)', () => {
    it('are set when their state is entered, under the version that entered it', () => {
      const step = applied(tell(make(), 'Light', { ms: 250 }));
      expect(step.arm).to.deep.equal({ [dims]: 250, [burns]: 60_000 });
      expect(step.next.armed).to.deep.equal({ [dims]: 2, [burns]: 2 });
      expect(step.disarm).to.deep.equal([]);
    });

    it('are taken down when their state is left', () => {
      const step = applied(tell(moved(make(), 'Light'), 'Quench'));
      expect(step.disarm).to.have.members([dims, burns]);
      expect([step.arm, step.next.armed]).to.deep.equal([{}, {}]);
    });

    it('are set anew when their state is entered again, and not taken down', () => {
      const step = applied(tell(moved(make(), 'Light', 'Polish'), 'Trim', { ms: 70 }));
      expect(step.arm).to.deep.equal({ [dims]: 70, [burns]: 60_000 });
      expect(step.disarm).to.deep.equal([]);
      expect(step.next.armed).to.deep.equal({ [dims]: 4, [burns]: 4 });
    });

    it('stay as they are while a message does not leave their state', () => {
      const step = applied(tell(moved(make(), 'Light'), 'Polish'));
      expect([step.arm, step.disarm]).to.deep.equal([{}, []]);
      expect(step.next).to.deep.include({ version: 3, armed: { [dims]: 2, [burns]: 2 } });
    });

    it('are not set by a state that is only passed through', () => {
      const step = applied(tell(moved(make(), 'Light'), 'Flash'));
      expect(step.arm).to.deep.equal({});
      expect(step.next.armed).to.deep.equal({});
    });

    it('fire in the visit that set them, however many messages later', () => {
      const step = applied(tell(moved(make(), 'Light', 'Polish', 'Wish'), dims, { visit: 2 }));
      expect(step.next.state.node.value).to.deep.equal({ lit: 'dim' });
      expect(step.next.armed, 'the others are taken down with their state').to.deep.equal({ [flickers]: 5 });
      expect(step.disarm).to.include(burns);
    });

    it('do nothing when they come from an earlier visit of the same state', () => {
      const again = moved(make(), 'Light', 'Quench', 'Light');
      expect(tell(again, dims, { visit: 2 })).to.deep.equal({
        outcome: 'ignored',
        reason: 'timer of an earlier visit',
      });
      expect(tell(again, dims, { visit: 4 })).to.have.property('outcome', 'applied');
    });

    it('do nothing when their state is over, or when they fire twice', () => {
      expect(tell(moved(make(), 'Light', 'Quench'), dims, { visit: 2 })).to.have.property('outcome', 'ignored');
      const dim = applied(tell(moved(make(), 'Light'), dims, { visit: 2 })).next;
      expect(tell(dim, dims, { visit: 2 })).to.have.property('outcome', 'ignored');
    });

    it('fire once even when their state goes on', () => {
      const dim = applied(tell(moved(make(), 'Light'), dims, { visit: 2 })).next;
      const step = applied(tell(dim, flickers, { visit: 3 }));
      expect(step.emitted).to.deep.equal([{ type: 'Shone', data: {} }]);
      expect(tell(step.next, flickers, { visit: 3 })).to.have.property('outcome', 'ignored');
    });
  });

  describe('messages', () => {
    it('move it and are numbered without gaps, and what it sends is told', () => {
      const step = applied(tell(moved(make(), 'Light'), 'Wish'));
      expect(step.next.version).to.equal(3);
      expect(step.emitted).to.deep.equal([{ type: 'Shone', data: {} }]);
    });

    it('are deferred when the state, or one around it, says so (invariant 4)', () => {
      expect(tell(make(), 'Wish')).to.deep.equal({ outcome: 'deferred' });
      const dim = applied(tell(moved(make(), 'Light'), dims, { visit: 2 })).next;
      expect(tell(dim, 'Polish')).to.deep.equal({ outcome: 'deferred' });
    });

    it('are ignored with the state and the reason when no state will take them, or a guard refuses (invariant 4)', () => {
      expect(tell(make(), 'Quench')).to.deep.equal({ outcome: 'ignored', reason: 'dark does not take Quench' });
      const burnt = applied(tell(moved(make(), 'Light'), burns, { visit: 2 })).next;
      expect(tell(burnt, 'Repair', { fuse: 'blown' })).to.deep.equal({
        outcome: 'ignored',
        reason: 'burnt does not take Repair',
      });
      expect(tell(burnt, 'Repair', { fuse: 'good' })).to.have.property('outcome', 'applied');
    });

    it('that it may take now are known, its own and those of the states around, but no timers', () => {
      expect(moved(make(), 'Light').state.node.events).to.deep.equal(['Flash', 'Polish', 'Quench', 'Trim', 'Wish']);
    });
  });

  describe('what a machine may not do (invariant 1)', () => {
    const actorOf = (machine: Actor['machine']): Actor => ({ ...lamp, machine });

    it('run code of its own', () => {
      const machine = setup({}).createMachine({ entry: () => undefined });
      expect(() => create(actorOf(machine), received('Make'))).to.throw(
        FatalError,
        'may only emit messages and set timers',
      );
    });

    it('set a timer that is not an `after`: nobody could tell its visits apart', () => {
      const machine = setup({}).createMachine({ entry: raise({ type: 'Later' }, { delay: 10, id: 'later' }) });
      expect(() => create(actorOf(machine), received('Make'))).to.throw(
        FatalError,
        'may only emit messages and set timers',
      );
    });
  });

  describe('versions of its machine (invariant 9)', () => {
    const stored = (machineVersion: number, value: unknown = 'dark') => ({
      version: 7,
      machineVersion,
      snapshot: { value, context: { steps: ['v1'] }, status: 'active', armed: { [dims]: 3 } },
    });
    const step =
      (name: string) =>
      (snapshot: Snapshot): Snapshot => ({
        ...snapshot,
        context: { steps: [...(snapshot.context.steps as string[]), name] },
      });
    const lampV4: Actor = { ...lamp, version: 4, migrations: { 1: step('v2'), 3: step('v4') } };

    it('comes back as it was stored', () => {
      const living = restore(lamp, stored(1, { lit: 'bright' }));
      expect(toSnapshot(living)).to.deep.equal(stored(1, { lit: 'bright' }).snapshot);
      expect(living.version).to.equal(7);
    });

    it('is lifted version by version; where nothing changed, nothing is done', () => {
      expect(restore(lampV4, stored(1)).state.context).to.deep.equal({ steps: ['v1', 'v2', 'v4'] });
      expect(restore(lampV4, stored(3)).state.context).to.deep.equal({ steps: ['v1', 'v4'] });
      expect(restore(lampV4, stored(4)).state.context).to.deep.equal({ steps: ['v1'] });
    });

    it('is refused when it is newer than the code', () => {
      expect(() => restore(lampV4, stored(5))).to.throw(
        NewerVersionError,
        'lamp was written by machine version 5, this process knows 4',
      );
    });

    it('is refused when its state is no longer there', () => {
      expect(() => restore(lamp, stored(1, 'gas'))).to.throw(FatalError, 'machine lamp v1 has no state "gas"');
    });
  });
});

import { expect } from 'chai';
import fc from 'fast-check';
import {
  type AnyStateMachine,
  emit,
  enqueueActions,
  fromPromise,
  log,
  raise,
  sendTo,
  setup,
  spawnChild,
  stateIn,
} from 'xstate';
import type { Received } from '../../machines/shared/message.js';
import { readGolden } from '../../scripts/golden/journals.js';
import { readStateBook } from '../../scripts/golden/states.js';
import { begin, stateFrom } from '../../src/runtime/chart.js';
import { FatalError } from '../../src/runtime/errors.js';
import type { JournalRow } from '../../src/runtime/fold.js';
import type { Actor, Snapshot } from '../../src/runtime/ports.js';
import { type State, take } from '../../src/runtime/turn.js';
import { actors } from '../../src/services/registry.js';
import { orderV2 } from '../examples/orderV2/orderV2.js';
import { anyChart, machineOf } from './anyChart.js';
import { metronome } from './metronome.js';
import { player } from './player.js';
import { SideBySide } from './sideBySide.js';

const received = ({ type, data, messageId: id, at, correlationId }: JournalRow): Received => ({
  type,
  data,
  id,
  at,
  correlationId,
});
const message = (type: string, data: unknown = {}): Received =>
  received({ type, data, messageId: 'm', at: '2026-01-01T00:00:00.000Z', correlationId: 'c' } as JournalRow);

/** Every event of a machine, as its kept journals have it; one that none of them has is empty. */
function examplesFor(recipient: string, machine: AnyStateMachine): Received[] {
  const seen = new Map<string, Received>(machine.events.map((type) => [type, message(type)]));
  for (const { rows } of readGolden(recipient, 1)) for (const row of rows) seen.set(row.type, received(row));
  return [...seen.values()];
}

const everyActor: readonly (readonly [string, string, Actor])[] = [
  ...Object.entries<Actor>(actors).map(([recipient, actor]) => [recipient, recipient, actor] as const),
  ['order, version 2', 'order', orderV2],
];

describe('a chart does what XState does', () => {
  for (const [name, recipient, { machine }] of everyActor) {
    describe(name, () => {
      const journals = readGolden(recipient, 1).map(({ rows }) => rows.map(received));
      const examples = examplesFor(recipient, machine);

      it('through every kept journal, and with every event there is at each of its steps', function () {
        this.timeout(60_000);
        for (const [creation, ...events] of journals) {
          let actor = SideBySide.begin(machine, creation);
          for (const event of events) {
            for (const other of [...events, ...examples]) actor.after(other);
            actor = actor.after(event);
          }
        }
      });

      it('in whatever order the events come, and at whatever time', () => {
        const happening = fc.record({ pick: fc.nat(), at: fc.nat(), isRestored: fc.boolean() });
        const life = fc.record({ journal: fc.constantFrom(...journals), happenings: fc.array(happening) });
        fc.assert(
          fc.property(life, ({ journal: [creation, ...events], happenings }) => {
            const known = [...events, ...events, ...examples];
            happenings.reduce(
              (actor, { pick, at, isRestored }) => {
                const event = known[pick % known.length] as Received;
                const time = known[at % known.length]?.at as string;
                return (isRestored ? actor.restored() : actor).after({ ...event, at: time } as Received);
              },
              SideBySide.begin(machine, creation),
            );
          }),
        );
      });
    });
  }

  it('in every state that an actor may be stored in', () => {
    for (const [recipient, { machine, version }] of Object.entries<Actor>(actors)) {
      const states = Object.values(readStateBook()[recipient]?.[version] ?? {}) as Snapshot[];
      for (const state of states)
        for (const event of examplesFor(recipient, machine)) SideBySide.at(machine, JSON.stringify(state)).after(event);
    }
  });

  it('with the toys of the other tests', () => {
    const event = fc.oneof(
      fc.record({ left: fc.nat(3) }).map((data) => message('Ball', { to: 'a', ...data })),
      fc.record({ ms: fc.nat(1000) }).map((data) => message('Rest', { to: 'a', ...data })),
      fc.constantFrom('Wake', 'Judge', 'Verdict', 'Nudge').map((type) => message(type, { to: 'a' })),
      fc.constantFrom('rest.player.resting', 'gap.metronome.beating').map((after) => message(`xstate.after.${after}`)),
      fc.string().map((text) => message('Note', { to: 'a', text })),
    );
    const score = { to: 'b', gaps: [10, 20, 30], partner: 'c', loud: true };
    fc.assert(
      fc.property(fc.array(event), (events) => {
        for (const beginning of [
          SideBySide.begin(player.machine, message('Join', { id: 'a', partner: 'b' })),
          SideBySide.begin(metronome.machine, message('Start', score)),
        ])
          events.reduce((actor, one) => actor.after(one), beginning);
      }),
    );
  });

  it('with any chart', function () {
    this.timeout(60_000);
    const happenings = fc.array(fc.record({ pick: fc.nat(), isRestored: fc.boolean() }), { maxLength: 12 });
    fc.assert(
      fc.property(anyChart, fc.nat(4), happenings, (states, n, events) => {
        const machine = machineOf(states);
        const types = [...new Set([...machine.events, 'A', 'B', 'nonsense'])];
        events.reduce(
          (actor, { pick, isRestored }) => {
            const type = types[pick % types.length] as string;
            return (isRestored ? actor.restored() : actor).after({ type });
          },
          SideBySide.begin(machine, { n }),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('a chart', () => {
  const machine = setup({}).createMachine({
    context: { n: 0 },
    initial: 'dark',
    states: { dark: { on: { Light: 'lit' } }, lit: { initial: 'bright', states: { bright: {}, dim: {} } } },
  });
  const at = (value: unknown) => stateFrom(machine, value, {}, 'active');

  it('asks a guard once, and one that is not reached not at all', () => {
    const asked: string[] = [];
    const guard = (name: string, holds: boolean) => () => {
      asked.push(name);
      return holds;
    };
    const light = setup({}).createMachine({
      on: {
        Light: [
          { guard: guard('first', false), actions: emit({ type: 'One' }) },
          { guard: guard('second', true), actions: emit({ type: 'Two' }) },
          { guard: guard('third', true), actions: emit({ type: 'Three' }) },
        ],
      },
    });
    const taken = take(begin(light, null).state, message('Light'));
    expect(taken?.actions).to.deep.equal([{ type: 'xstate.emit', params: { event: { type: 'Two' } } }]);
    expect(asked).to.deep.equal(['first', 'second']);
  });

  it('throws what the first step throws: XState makes an actor of it that is stored', () => {
    const fail = () => {
      throw new Error('no such thing');
    };
    expect(() => begin(setup({}).createMachine({ context: fail }), null)).to.throw('no such thing');
    expect(() => begin(setup({}).createMachine({ entry: emit(fail) }), null)).to.throw('no such thing');
  });

  it('goes on by itself, even where nothing is done on the way', () => {
    const states = { a: { always: 'b' }, b: { always: 'c' }, c: { on: { Back: 'a' } } };
    const passing = SideBySide.begin(setup({}).createMachine({ initial: 'a', states }), null);
    expect([passing.path, passing.after(message('Back')).path]).to.deep.equal(['c', 'c']);
  });

  it('knows a state by its value, and by that of a state around it', () => {
    expect([at('dark')?.node.path, at({ lit: 'dim' })?.node.path]).to.deep.equal(['dark', 'lit.dim']);
    expect(at('lit')?.node.path).to.equal('lit.bright');
  });

  it('knows no state by any other value', () => {
    for (const value of ['gas', { lit: 'gas' }, { dark: 'lit' }, { dark: {}, lit: 'dim' }, 'toString', null, 7])
      expect(at(value), JSON.stringify(value)).to.equal(null);
  });

  it('lets nobody change the value that all actors in a state share', () => {
    const { value } = (at({ lit: 'dim' }) as State).node;
    expect(() => Object.assign(value, { lit: 'bright' })).to.throw(TypeError);
  });
});

describe('a chart is refused, rather than played otherwise than it is meant', () => {
  const actions = {
    run: () => undefined,
    spawn: spawnChild('child' as never),
    send: sendTo('someone' as never, { type: 'Hello' } as never),
    log: log('hello'),
    later: raise({ type: 'Later' }, { delay: 10, id: 'later' }),
    never: raise({ type: 'Later' }, { delay: 'never' as never, id: 'xstate.after.never' }),
  };
  const playing = (config: object): (() => unknown) => {
    const machine = setup({ actions } as never).createMachine(config as never);
    return () => begin(machine as never, null);
  };
  const within = (state: object) => ({ initial: 'a', states: { a: { on: { Go: 'b' } }, b: state } });

  const refused: Readonly<Record<string, readonly [config: object, code: string]>> = {
    'parallel states': [{ type: 'parallel', states: { a: {}, b: {} } }, 'UNSUPPORTED_CHART'],
    'a state that remembers': [within({ type: 'history' }), 'UNSUPPORTED_CHART'],
    'an actor of its own': [within({ invoke: { src: fromPromise(async () => 1) } }), 'UNSUPPORTED_CHART'],
    'an end within a state': [
      within({ initial: 'c', states: { c: { type: 'final' } }, onDone: 'a' }),
      'UNSUPPORTED_CHART',
    ],
    'an output': [within({ type: 'final', output: 7 }), 'UNSUPPORTED_CHART'],
    options: [{ options: { maxIterations: 10 } }, 'UNSUPPORTED_CHART'],
    'any event': [within({ on: { '*': 'a' } }), 'UNSUPPORTED_CHART'],
    'any event of a kind': [within({ on: { 'light.*': 'a' } }), 'UNSUPPORTED_CHART'],
    'two targets': [within({ on: { Light: { target: ['a', 'b'] } } }), 'UNSUPPORTED_CHART'],
    'a guard that looks at the state': [within({ always: { guard: stateIn('b') } }), 'UNSUPPORTED_GUARD'],
    'a guard that is not there': [within({ on: { Light: { guard: 'isDark' } } }), 'UNSUPPORTED_GUARD'],
    'code of its own': [within({ entry: 'run' }), 'UNSUPPORTED_ACTION'],
    'code without a name': [within({ exit: () => undefined }), 'UNSUPPORTED_ACTION'],
    'an action that is not there': [within({ entry: 'jump' }), 'UNSUPPORTED_ACTION'],
    'an actor that it starts': [within({ entry: 'spawn' }), 'UNSUPPORTED_ACTION'],
    'a message to another actor in memory': [within({ entry: 'send' }), 'UNSUPPORTED_ACTION'],
    'a log': [within({ entry: 'log' }), 'UNSUPPORTED_ACTION'],
    'a timer that is no `after`': [within({ entry: 'later' }), 'UNSUPPORTED_ACTION'],
    'a delay that is not there': [within({ entry: 'never' }), 'UNSUPPORTED_ACTION'],
    'an `after` whose delay is not there': [within({ after: { never: 'a' } }), 'UNSUPPORTED_ACTION'],
  };
  for (const [what, [config, code]] of Object.entries(refused)) {
    it(`for ${what}`, () => {
      expect(playing(config)).to.throw(FatalError).with.property('code', code);
    });
  }

  for (const action of Object.keys(actions)) {
    it(`when it enqueues what it may not do: ${action}`, () => {
      const entry = enqueueActions(({ enqueue }) => enqueue(action as never));
      expect(playing({ entry })).to.throw(FatalError).with.property('code', 'UNSUPPORTED_ACTION');
    });
  }
});

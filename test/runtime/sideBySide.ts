import { expect } from 'chai';
import { type AnyMachineSnapshot, type AnyStateMachine, type EventObject, initialTransition, transition } from 'xstate';
import { begin, stateFrom } from '../../src/runtime/chart.js';
import { type Move, type State, take } from '../../src/runtime/turn.js';

interface Played {
  readonly snapshot: AnyMachineSnapshot;
  readonly actions: readonly { readonly type: string; readonly params?: unknown }[];
}

/** What is stored of a state, byte by byte. */
const stored = (value: unknown, context: unknown, status: string) => JSON.stringify({ value, context, status });

/** What XState wants done. It also tells of events that the machine has taken itself by then. */
const wanted = ({ actions }: Played) =>
  actions
    .map(({ type, params }) => ({ type, params: params as { delay?: number } }))
    .filter(({ type, params }) => type !== 'xstate.raise' || params.delay !== undefined);

/** The answer, or the words of what was thrown; XState adds some of its own to those of a guard. */
function outcome<T>(ask: () => T): T | string {
  try {
    return ask();
  } catch (error) {
    return (error as Error).message.split('\n').at(-1) ?? '';
  }
}

function expectSame(ours: Move, theirs: Played, what: string): void {
  const { node, context, status } = ours.state;
  const { snapshot } = theirs;
  expect(stored(node.value, context, status), what).to.equal(stored(snapshot.value, snapshot.context, snapshot.status));
  expect(JSON.stringify(ours.actions), `the actions of ${what}`).to.equal(JSON.stringify(wanted(theirs)));
  const nodes = snapshot._nodes as { ownEvents: string[] }[];
  const events = nodes.flatMap(({ ownEvents }) => ownEvents).filter((type) => !type.startsWith('xstate.'));
  expect(node.events, `the events of ${what}`).to.deep.equal([...new Set(events)].sort());
  const metas = Object.values(snapshot.getMeta() as Record<string, { defers?: string[] } | undefined>);
  expect([...node.defers], `what ${what} puts off`).to.have.members([
    ...new Set(metas.flatMap((meta) => meta?.defers ?? [])),
  ]);
}

/** An actor that is played twice, by us and by XState itself: the two must never differ. */
export class SideBySide {
  private constructor(
    readonly machine: AnyStateMachine,
    readonly ours: State,
    private readonly theirs: AnyMachineSnapshot,
  ) {}

  static begin(machine: AnyStateMachine, input: unknown): SideBySide {
    const ours = begin(machine, input);
    const [snapshot, actions] = initialTransition(machine, input as never);
    expectSame(ours, { snapshot, actions }, 'the beginning');
    return new SideBySide(machine, ours.state, snapshot);
  }

  /** An actor as both bring it back from what is stored of it. */
  static at(machine: AnyStateMachine, json: string): SideBySide {
    const { value, context, status } = JSON.parse(json);
    const ours = stateFrom(machine, value, context, status) as State;
    const snapshot = machine.resolveState({ value, context, status });
    expectSame({ state: ours, actions: [] }, { snapshot, actions: [] }, json);
    return new SideBySide(machine, ours, snapshot);
  }

  get path(): string {
    return this.ours.node.path;
  }

  restored(): SideBySide {
    const { node, context, status } = this.ours;
    return SideBySide.at(this.machine, stored(node.value, context, status));
  }

  /** The same actor after an event; itself when it does not take that. */
  after(event: EventObject): SideBySide {
    const what = `${event.type} in ${this.path}`;
    const ours = outcome(() => take(this.ours, event));
    const theirs = outcome((): Played | null => {
      if (!this.theirs.can(event)) return null;
      const [snapshot, actions] = transition(this.machine, this.theirs, event);
      return { snapshot, actions };
    });
    if (ours === null || typeof ours === 'string' || theirs === null || typeof theirs === 'string') {
      expect(ours, what).to.equal(theirs);
      return this;
    }
    expectSame(ours, theirs, what);
    return new SideBySide(this.machine, ours.state, theirs.snapshot);
  }
}

import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';

/** What a transition wants done, as data. */
export interface Action {
  readonly type: string;
  readonly params?: unknown;
}

/**
 * The surroundings that XState's transition functions ask for; a pure transition has none, it only collects actions.
 * XState's own `transition()` builds a whole actor for this at every call, which runs the machine's context function without
 * input: the exception that ends in costs more than the transition (65 µs with it, 25 µs without; test/runtime/transition.test.ts
 * holds the two against each other).
 */
function surroundings(actions: Action[]): AnyActorScope {
  const nothing = () => undefined;
  return {
    self: {},
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    system: { _sendInspectionEvent: nothing, _unregister: nothing },
    actionExecutor: (action: Action) => {
      actions.push(action);
    },
  } as unknown as AnyActorScope;
}

/** The next snapshot and the actions it wants, as XState's `transition()` answers them. Pure. */
export function transition(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: EventObject,
): [AnyMachineSnapshot, Action[]] {
  const actions: Action[] = [];
  return [machine.transition(snapshot, event, surroundings(actions)) as AnyMachineSnapshot, actions];
}

/** The first snapshot and the actions it wants, as XState's `initialTransition()` answers them. Pure. */
export function initialTransition(machine: AnyStateMachine, input: unknown): [AnyMachineSnapshot, Action[]] {
  const actions: Action[] = [];
  return [machine.getInitialSnapshot(surroundings(actions), input as never) as AnyMachineSnapshot, actions];
}

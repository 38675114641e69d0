import type { AnyMachineSnapshot, StateValue } from 'xstate';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import { FatalError } from './errors.js';
import type { Actor, Snapshot } from './ports.js';
import { type Action, initialTransition, transition } from './transition.js';

/** The event types of XState's delayed transitions all start so. */
export const timerPrefix = 'xstate.after.';

/** An actor in memory during a drain. */
export interface Living {
  readonly version: number;
  readonly state: AnyMachineSnapshot;
  readonly armed: Readonly<Record<string, number>>;
}

/** What one message did to an actor. */
export type Step =
  | {
      readonly outcome: 'applied';
      readonly next: Living;
      readonly emitted: readonly Outgoing[];
      /** Timers set by this step (ms from now), by name. */
      readonly arm: Readonly<Record<string, number>>;
      readonly disarm: readonly string[];
    }
  | { readonly outcome: 'deferred' }
  | { readonly outcome: 'ignored'; readonly reason: string };

/** A state value as a path, such as `confirmed.reserving`. */
export function statePath(value: StateValue): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([state, inner]) => (inner && Object.keys(inner).length > 0 ? `${state}.${statePath(inner)}` : state))
    .join('|');
}

/** Brings a new actor to life with the message that creates it. */
export function create(actor: Actor, received: Received): Step {
  const [state, actions] = initialTransition(actor.machine, received);
  return applied(state, actions, {}, 1);
}

/**
 * Gives one message to a living actor: applies it, defers it (a later state takes it), or ignores it with a reason. Pure.
 * @throws whatever a guard or action of the machine throws
 */
export function receive(living: Living, actor: Actor, received: Received): Step {
  let armed = living.armed;
  if (received.type.startsWith(timerPrefix)) {
    const { visit } = received.data as { visit: number };
    // A timer of an earlier visit of the state: that visit is over, whatever the clock says (invariant 6).
    if (armed[received.type] !== visit) return { outcome: 'ignored', reason: 'timer of an earlier visit' };
    const { [received.type]: _fired, ...others } = armed;
    armed = others;
  }
  if (!living.state.can(received)) {
    if (defers(living.state, received.type)) return { outcome: 'deferred' };
    return { outcome: 'ignored', reason: `${statePath(living.state.value)} does not take ${received.type}` };
  }
  const [state, actions] = transition(actor.machine, living.state, received);
  return applied(state, actions, armed, living.version + 1);
}

/** The message types that the current state has a transition for; a guard may still refuse one. */
export function allowedEvents(living: Living): string[] {
  const nodes = (living.state as unknown as { _nodes: { ownEvents: string[] }[] })._nodes;
  const types = new Set(nodes.flatMap((node) => node.ownEvents).filter((type) => type && !type.startsWith('xstate.')));
  return [...types].sort();
}

/** What is stored of a living actor. */
export function toSnapshot(living: Living): Snapshot {
  return {
    value: living.state.value,
    context: living.state.context as Record<string, unknown>,
    status: living.state.status,
    armed: living.armed,
  };
}

/** During a deployment a newer process has already stored this actor. A retry may reach that one, so the message is not parked at once. */
export class NewerVersionError extends Error {
  constructor(actor: Actor, written: number) {
    super(`${actor.machine.id} was written by machine version ${written}, this process knows ${actor.version}`);
    this.name = 'NewerVersionError';
  }
}

/**
 * Brings a stored actor back to memory, migrating a snapshot that an older machine wrote.
 * @throws {FatalError} UNKNOWN_STATE when the machine has no such state any more (invariant 9)
 * @throws {NewerVersionError} when a newer version of the code wrote it
 */
export function restore(actor: Actor, stored: { version: number; machineVersion: number; snapshot: Snapshot }): Living {
  if (stored.machineVersion > actor.version) throw new NewerVersionError(actor, stored.machineVersion);
  let snapshot = stored.snapshot;
  for (let from = stored.machineVersion; from < actor.version; from++) {
    snapshot = actor.migrations?.[from]?.(snapshot) ?? snapshot;
  }
  try {
    const state = actor.machine.resolveState({
      value: snapshot.value as StateValue,
      context: snapshot.context,
      status: snapshot.status as 'active',
    });
    return { version: stored.version, state, armed: snapshot.armed };
  } catch (cause) {
    throw new FatalError(
      'UNKNOWN_STATE',
      `machine ${actor.machine.id} v${actor.version} has no state ${JSON.stringify(snapshot.value)}`,
      { cause },
    );
  }
}

function defers(state: AnyMachineSnapshot, type: string): boolean {
  const meta = state.getMeta() as Record<string, { defers?: readonly string[] } | undefined>;
  return Object.values(meta).some((own) => own?.defers?.includes(type));
}

/** The delayed event of an `after`: it is named after its state, so that leaving the state cancels it. */
const isTimer = (params: unknown): params is { id: string; delay: number } =>
  (params as { id?: string }).id?.startsWith(timerPrefix) ?? false;

function applied(
  state: AnyMachineSnapshot,
  actions: readonly Action[],
  armedBefore: Readonly<Record<string, number>>,
  version: number,
): Step {
  const emitted: Outgoing[] = [];
  const armed = { ...armedBefore };
  const arm: Record<string, number> = {};
  const disarm = new Set<string>();
  for (const action of actions) {
    if (action.type === 'xstate.emit') {
      emitted.push((action.params as { event: Outgoing }).event);
    } else if (action.type === 'xstate.raise' && isTimer(action.params)) {
      const { id, delay } = action.params;
      armed[id] = version;
      arm[id] = delay;
    } else if (action.type === 'xstate.cancel') {
      const { sendId } = action.params as { sendId: string };
      delete armed[sendId];
      delete arm[sendId];
      disarm.add(sendId);
    } else {
      throw new FatalError('UNSUPPORTED_ACTION', `a machine may only emit messages and set timers, not ${action.type}`);
    }
  }
  for (const name of Object.keys(arm)) disarm.delete(name);
  return { outcome: 'applied', next: { version, state, armed }, emitted, arm, disarm: [...disarm] };
}

import type { StateValue } from 'xstate';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import { begin, stateFrom } from './chart.js';
import { FatalError } from './errors.js';
import type { Actor, Snapshot } from './ports.js';
import { type Move, type State, take, timerPrefix } from './turn.js';

/** An actor in memory during a drain. */
export interface Living {
  readonly version: number;
  readonly state: State;
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

/**
 * Brings a new actor to life with the message that creates it. Pure.
 * @throws whatever a guard or action of the machine throws
 */
export function create(actor: Actor, received: Received): Step {
  return applied(begin(actor.machine, received), {}, 1);
}

/**
 * Gives one message to a living actor: applies it, defers it (a later state takes it), or ignores it with a reason. Pure.
 * @throws whatever a guard or action of the machine throws
 */
export function receive({ version, state, armed: armedBefore }: Living, received: Received): Step {
  let armed = armedBefore;
  if (received.type.startsWith(timerPrefix)) {
    const { visit } = received.data as { visit: number };
    // A timer of an earlier visit of the state: that visit is over, whatever the clock says (invariant 6).
    if (armed[received.type] !== visit) return { outcome: 'ignored', reason: 'timer of an earlier visit' };
    const { [received.type]: _fired, ...others } = armed;
    armed = others;
  }
  const taken = take(state, received);
  if (taken) return applied(taken, armed, version + 1);
  if (state.node.defers.has(received.type)) return { outcome: 'deferred' };
  return { outcome: 'ignored', reason: `${state.node.path} does not take ${received.type}` };
}

/** What is stored of a living actor. */
export function toSnapshot({ state: { node, context, status }, armed }: Living): Snapshot {
  return { value: node.value, context, status, armed };
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
  const { value, context, status, armed } = snapshot;
  const state = stateFrom(actor.machine, value, context, status);
  if (state) return { version: stored.version, state, armed };
  throw new FatalError(
    'UNKNOWN_STATE',
    `machine ${actor.machine.id} v${actor.version} has no state ${JSON.stringify(value)}`,
  );
}

function applied({ state, actions }: Move, armedBefore: Readonly<Record<string, number>>, version: number): Step {
  const emitted: Outgoing[] = [];
  // Not a spread: what is new behind one costs Node.js 20 microseconds, and each object a hidden class (docs/performance.md).
  const armed: Record<string, number> = Object.assign({}, armedBefore);
  const arm: Record<string, number> = {};
  const disarm = new Set<string>();
  for (const action of actions) {
    if (action.type === 'xstate.emit') {
      emitted.push(action.params.event);
    } else if (action.type === 'xstate.raise') {
      const { id, delay } = action.params;
      armed[id] = version;
      arm[id] = delay;
    } else {
      const { sendId } = action.params;
      delete armed[sendId];
      delete arm[sendId];
      disarm.add(sendId);
    }
  }
  for (const name of Object.keys(arm)) disarm.delete(name);
  return { outcome: 'applied', next: { version, state, armed }, emitted, arm, disarm: [...disarm] };
}

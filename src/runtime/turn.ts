import type { EventObject, StateValue } from 'xstate';
import type { Outgoing } from '../../machines/shared/message.js';

/** The event types of XState's delayed transitions all start so. */
export const timerPrefix = 'xstate.after.';

/** Stands for the event type of transitions that wait for none. */
export const always = Symbol('always');

export type Context = Readonly<Record<string, unknown>>;

/** What the functions of a machine decide by. */
export interface Args {
  readonly context: Context;
  readonly event: EventObject;
}
export type Guard = (args: Args) => unknown;
export type Effect = (turn: Turn) => void;

/** A state of a chart with all that can be known of it ahead. */
export interface Node {
  readonly parent: Node | null;
  readonly value: StateValue;
  /** Its name after those of the states around it: `confirmed.reserving`. */
  readonly path: string;
  /** The message types that it, or a state around it, has a transition for; a guard may still refuse one. */
  readonly events: readonly string[];
  /** The message types that it, or a state around it, keeps for a later state. */
  readonly defers: ReadonlySet<string>;
  /** Its transitions by event type. */
  readonly ways: Map<string | symbol, readonly Way[]>;
  readonly exit: readonly Effect[];
  /** Whether the machine is done here. */
  readonly isEnd: boolean;
}

/** A transition. One that neither leads anywhere nor does anything keeps the states around from taking the event. */
export interface Way {
  readonly guard: Guard | undefined;
  /** The state around both ends, which is not left; null when all are. */
  readonly domain: Node | null;
  /** Its own actions, then those of the states it enters. */
  readonly effects: readonly Effect[];
  /** Where it ends; null when it leaves nothing. */
  readonly to: Node | null;
}

/** Where an actor is in its chart. */
export interface State {
  readonly node: Node;
  readonly context: Context;
  readonly status: string;
}

/** What a step wants done, in XState's words. What is raised is the timer of an `after`. */
export type Action =
  | { readonly type: 'xstate.emit'; readonly params: { readonly event: Outgoing } }
  | { readonly type: 'xstate.raise'; readonly params: { event: EventObject; id: string; delay: number } }
  | { readonly type: 'xstate.cancel'; readonly params: { readonly sendId: string } };

/** Where a step has led, and what it wants done. */
export interface Move {
  readonly state: State;
  readonly actions: readonly Action[];
}

/**
 * Gives a state an event, as XState's `transition()` does; answers null where its `can()` says no. Pure.
 * @throws whatever a guard or an action throws
 */
export function take(state: State, event: EventObject): Move | null {
  const turn = new Turn(state, event);
  const way = turn.open(event.type);
  return way && (way.to || way.effects.length > 0) ? turn.play(way) : null;
}

/** What a machine gives as a value or as a function. */
export const told = (given: unknown, args: object, params?: unknown): unknown =>
  typeof given === 'function' ? given(args, params) : given;

/** One step while it is made. */
export class Turn {
  args: Args;
  #status: string;
  #node: Node;
  readonly #actions: Action[] = [];
  /** What the machine tells itself, to be taken before the step is over. */
  readonly #raised: EventObject[] = [];

  constructor({ node, context, status }: State, event: EventObject) {
    this.args = { context, event };
    this.#status = status;
    this.#node = node;
  }

  /** The first transition that no guard forbids; those of the innermost state come first. */
  open(type: string | symbol): Way | undefined {
    for (let node: Node | null = this.#node; node; node = node.parent) {
      const open = node.ways.get(type)?.find(({ guard }) => guard === undefined || guard(this.args));
      if (open) return open;
    }
    return undefined;
  }

  /** Goes one way, and on for as long as that opens another by itself or raises events. */
  play(way: Way): Move {
    this.#go(way);
    let hasChanged = true;
    while (this.#status === 'active') {
      const node = this.#node;
      const { context } = this.args;
      // One that has changed nothing would be open for ever.
      const next = hasChanged ? this.open(always) : undefined;
      if (next) {
        this.#go(next);
        hasChanged = this.#node !== node || this.args.context !== context;
        continue;
      }
      const raised = this.#raised.shift();
      if (!raised) break;
      this.args = { context, event: raised };
      const answer = this.open(raised.type);
      if (answer) this.#go(answer);
      hasChanged = true;
    }
    return { state: { node: this.#node, context: this.args.context, status: this.#status }, actions: this.#actions };
  }

  #go({ domain, effects, to }: Way): void {
    if (to) this.#leave(domain);
    for (const effect of effects) effect(this);
    if (to) this.#node = to;
    if (to?.isEnd) this.#status = 'done';
    if (this.#status === 'done') this.#leave(null);
  }

  #leave(domain: Node | null): void {
    for (let node: Node | null = this.#node; node && node !== domain; node = node.parent)
      for (const effect of node.exit) effect(this);
  }

  assign(assignment: unknown, params?: unknown): void {
    const { args } = this;
    const context: Record<string, unknown> = { ...args.context };
    if (typeof assignment === 'function') Object.assign(context, assignment(args, params));
    else for (const [key, value] of Object.entries(assignment as object)) context[key] = told(value, args, params);
    this.args = { context, event: args.event };
  }

  emit(event: unknown, params?: unknown): void {
    this.#actions.push({ type: 'xstate.emit', params: { event: told(event, this.args, params) as Outgoing } });
  }

  /** Sets a timer; without a delay the event is taken within this step. */
  raise(raised: unknown, id: string, due: unknown, params: unknown): void {
    const event = told(raised, this.args, params) as EventObject;
    const delay = told(due, this.args, params);
    if (typeof delay === 'number') this.#actions.push({ type: 'xstate.raise', params: { event, id, delay } });
    else this.#raised.push(event);
  }

  cancel(sendId: unknown, params?: unknown): void {
    this.#actions.push({ type: 'xstate.cancel', params: { sendId: told(sendId, this.args, params) as string } });
  }
}

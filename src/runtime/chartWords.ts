import { type AnyStateMachine, and, not, or } from 'xstate';
import { FatalError } from './errors.js';
import { type Effect, type Guard, type Turn, timerPrefix, told } from './turn.js';

/** An action of XState's own; what it consists of depends on its type. */
type Builtin = Readonly<Record<string, unknown>>;

/** `and()`, `or()` and `not()` by what XState would check them with. */
const combinations = new Map<unknown, (guards: readonly Guard[]) => Guard>([
  [combination(and([])).check, (guards) => (args) => guards.every((guard) => guard(args))],
  [combination(or([])).check, (guards) => (args) => guards.some((guard) => guard(args))],
  [combination(not('')).check, (guards) => (args) => !guards.every((guard) => guard(args))],
]);

function combination(guard: unknown) {
  return guard as { readonly check?: unknown; readonly guards?: readonly unknown[] };
}

/** A guard or an action that is referred to by its name. */
const named = (given: unknown) =>
  (typeof given === 'string' ? { type: given } : given) as { readonly type: string; readonly params?: unknown };

const unsupported = (what: unknown) =>
  new FatalError('UNSUPPORTED_ACTION', `a machine may only emit messages and set timers, not ${what}`);

/** The guards and actions of a machine as functions, however its chart refers to them. */
export class ChartWords {
  readonly #known: AnyStateMachine['implementations'];
  #turn!: Turn;
  /** One for all actions, which are asked one after the other. What is enqueued is done at once: pure functions cannot tell. */
  readonly #enqueue = Object.assign((action: unknown) => this.effect(action)(this.#turn), {
    assign: (assignment: unknown) => this.#turn.assign(assignment),
    emit: (event: unknown) => this.#turn.emit(event),
    raise: (event: unknown, options?: object) => this.#effect({ ...options, type: 'xstate.raise', event })(this.#turn),
    cancel: (sendId: unknown) => this.#turn.cancel(sendId),
  });

  constructor(known: AnyStateMachine['implementations']) {
    this.#known = known;
  }

  /** @throws {FatalError} UNSUPPORTED_GUARD for one that nobody knows, or that asks for more than context and event */
  guard(given: unknown): Guard {
    if (typeof given === 'function') {
      const { check, guards = [] } = combination(given);
      if (check === undefined) return given as Guard;
      const combine = combinations.get(check);
      if (!combine) throw new FatalError('UNSUPPORTED_GUARD', `a guard may not be ${given.name}()`);
      return combine(guards.map((guard) => this.guard(guard)));
    }
    const { type, params } = named(given);
    const guard: unknown = this.#known.guards[type];
    if (guard === undefined) throw new FatalError('UNSUPPORTED_GUARD', `there is no guard ${type}`);
    if (typeof guard !== 'function' || 'check' in guard || params === undefined) return this.guard(guard);
    return (args) => guard(args, told(params, args));
  }

  /** @throws {FatalError} UNSUPPORTED_ACTION for one that does more than change the context, emit messages and set timers */
  effect(given: unknown): Effect {
    if (typeof given === 'function') return this.#effect({ type: given.name || 'a function', ...given });
    const { type, params } = named(given);
    return this.#effect({ type, ...this.#known.actions[type] }, params);
  }

  #effect({ type, assignment, event, id, delay, sendId, collect }: Builtin, given?: unknown): Effect {
    const params = ({ args }: Turn) => told(given, args);
    switch (type) {
      case 'xstate.assign':
        return (turn) => turn.assign(assignment, params(turn));
      case 'xstate.emit':
        return (turn) => turn.emit(event, params(turn));
      case 'xstate.cancel':
        return (turn) => turn.cancel(sendId, params(turn));
      case 'xstate.raise': {
        // Of another timer nobody could tell the visits apart.
        if (delay !== undefined && !String(id).startsWith(timerPrefix)) throw unsupported(`raise ${id} later`);
        const due = typeof delay === 'string' ? this.#known.delays[delay] : delay;
        if (delay !== undefined && due === undefined) throw unsupported(`wait for ${delay}, which nobody knows`);
        return (turn) => turn.raise(event, String(id), due, params(turn));
      }
      case 'xstate.enqueueActions':
        return (turn) => {
          this.#turn = turn;
          const { context, event } = turn.args;
          const check = (guard: unknown) => Boolean(this.guard(guard)({ context, event }));
          told(collect, { context, event, enqueue: this.#enqueue, check }, params(turn));
        };
      default:
        throw unsupported(type);
    }
  }
}

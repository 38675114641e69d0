import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition, EventObject, StateValue } from 'xstate';
import { ChartWords } from './chartWords.js';
import { FatalError } from './errors.js';
import { always, type Context, type Move, type Node, type State, Turn, type Way } from './turn.js';

/** A machine with everything worked out that XState works out at each transition. */
interface Chart {
  readonly nodes: ReadonlyMap<AnyStateNode, Node>;
  /** Enters the first state. */
  readonly birth: Way;
}

const charts = new WeakMap<AnyStateMachine, Chart>();

function chartOf(machine: AnyStateMachine): Chart {
  const known = charts.get(machine);
  if (known) return known;
  const chart = compile(machine);
  charts.set(machine, chart);
  return chart;
}

/** The state that was stored so; null when the machine has no such state. Pure. */
export function stateFrom(machine: AnyStateMachine, value: unknown, context: Context, status: string): State | null {
  const found = within(machine.root, value);
  const node = found && chartOf(machine).nodes.get(restIn(found));
  return node ? { node, context, status: node.isEnd ? 'done' : status } : null;
}

/**
 * Begins a machine, as XState's `initialTransition()` does. Pure.
 * @throws {FatalError} UNSUPPORTED_… when it has what is not played here: better no step than a wrong one
 * @throws whatever its own functions throw
 */
export function begin(machine: AnyStateMachine, input: unknown): Move {
  const { context } = machine.config as { readonly context?: unknown };
  const first = typeof context === 'function' ? { ...context({ input }) } : (context ?? {});
  const state = stateFrom(machine, {}, first, 'active') as State;
  return new Turn(state, { type: 'xstate.init', input } as EventObject).play(chartOf(machine).birth);
}

function compile({ root, implementations }: AnyStateMachine): Chart {
  const words = new ChartWords(implementations);
  const nodes = new Map<AnyStateNode, Node>();
  const effects = (actions: readonly unknown[]) => actions.map((action) => words.effect(action));

  const add = (from: AnyStateNode, parent: Node | null): void => {
    refuse(from);
    const own = (from.ownEvents as string[]).filter((type) => !type.startsWith('xstate.'));
    const node: Node = {
      parent,
      value: valueFor(from.path),
      path: from.path.join('.'),
      events: [...new Set([...(parent?.events ?? []), ...own])].sort(),
      defers: new Set([...(parent?.defers ?? []), ...(from.meta?.defers ?? [])]),
      ways: new Map(),
      exit: effects(from.exit),
      isEnd: from.type === 'final',
    };
    nodes.set(from, node);
    for (const child of Object.values<AnyStateNode>(from.states)) add(child, node);
  };
  add(root, null);

  /** Enters states that are meant, or begun in, and not just passed on the way to one within. */
  const enter = (entered: readonly AnyStateNode[]) =>
    effects(entered.flatMap(({ entry, initial }) => [...entry, ...initial.actions]));

  const way = ({ source, target, reenter, guard, actions }: AnyTransitionDefinition): Way => {
    const opened = guard === undefined ? undefined : words.guard(guard);
    const [to] = target ?? [];
    if (!to) return { guard: opened, domain: null, effects: effects(actions), to: null };
    const domain = domainOf(source, to, reenter);
    const passed = lineage(to, domain).slice(1).reverse();
    const isEntered = to !== source || to !== domain;
    const entered = isEntered ? [to, ...beginnings(to)] : beginnings(to);
    return {
      guard: opened,
      domain: (domain && nodes.get(domain)) ?? null,
      effects: [...effects([...actions, ...passed.flatMap(({ entry }) => entry)]), ...enter(entered)],
      to: nodes.get(restIn(to)) as Node,
    };
  };
  for (const [from, { ways }] of nodes) {
    for (const [type, transitions] of from.transitions) ways.set(type, transitions.map(way));
    if (from.always) ways.set(always, from.always.map(way));
  }
  const birth = enter([root, ...beginnings(root)]);
  return { nodes, birth: { guard: undefined, domain: null, effects: birth, to: null } };
}

/** @throws {FatalError} UNSUPPORTED_CHART for a state that has what no machine of ours uses */
function refuse({ id, type, parent, invoke, output, config, transitions, always = [] }: AnyStateNode): void {
  const ways = [...transitions.values(), always].flat();
  const refused = [
    type === 'parallel' && 'parallel states',
    type === 'history' && 'a history',
    type === 'final' && parent?.parent && 'an end that is not the end of all',
    invoke.length > 0 && 'actors of its own',
    output !== undefined && 'an output',
    'options' in config && 'options',
    [...transitions.keys()].some((event) => event === '*' || event.endsWith('.*')) && 'wildcards',
    ways.some(({ target }) => target && target.length !== 1) && 'several targets',
  ].find((what) => what);
  if (refused) throw new FatalError('UNSUPPORTED_CHART', `${id} has ${refused}, which nobody here plays`);
}

/** A state, the one around it, and so on, up to but without `end`. */
function lineage(node: AnyStateNode | undefined, end?: AnyStateNode): AnyStateNode[] {
  return node === undefined || node === end ? [] : [node, ...lineage(node.parent, end)];
}

/** The states within a state that are entered with it, the outermost first. */
function beginnings({ type, initial }: AnyStateNode): AnyStateNode[] {
  const [first] = type === 'compound' ? initial.target : [];
  return first ? [first, ...beginnings(first)] : [];
}

const restIn = (node: AnyStateNode): AnyStateNode => beginnings(node).at(-1) ?? node;

/** What a transition stays within: its source if the target is in there, else the nearest state around both; nothing when it leaves the root. */
function domainOf(source: AnyStateNode, to: AnyStateNode, reenter: boolean): AnyStateNode | undefined {
  if (!reenter && lineage(to).includes(source)) return source;
  const common = lineage(to.parent).find((node) => lineage(source.parent).includes(node));
  return common ?? (reenter ? undefined : source.machine.root);
}

/** Frozen, as all actors in that state share it. */
function valueFor([first, ...rest]: readonly string[]): StateValue {
  if (first === undefined) return {};
  return rest.length === 0 ? first : Object.freeze({ [first]: valueFor(rest) });
}

/** The state within a state that a stored value means. */
function within(node: AnyStateNode, value: unknown): AnyStateNode | null {
  if (typeof value === 'string') return within(node, { [value]: {} });
  if (typeof value !== 'object' || value === null) return null;
  const [first, ...others] = Object.entries(value);
  if (!first) return node;
  const [key, inner] = first;
  const next = node.states[key];
  return next && others.length === 0 ? within(next, inner) : null;
}

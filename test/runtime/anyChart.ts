import fc from 'fast-check';
import { type AnyStateMachine, and, assign, cancel, emit, enqueueActions, not, or, raise, setup } from 'xstate';

interface Context {
  readonly n: number;
}

/** Whatever counts beyond this ends by itself. */
const limit = 9;

const words = setup({
  types: { context: {} as Context, input: {} as { n: number } },
  guards: {
    isEven: ({ context }) => context.n % 2 === 0,
    isBelow: ({ context }, { n }: { n: number }) => context.n < n,
    isOdd: not('isEven'),
  },
  delays: { soon: 5, later: ({ context, event }) => context.n * 10 + event.type.length },
  actions: {
    count: assign({ n: ({ context }) => context.n + 1 }),
    add: assign(({ context }, { n }: { n: number }) => ({ [`added${n}`]: context.n, n: context.n + n })),
    say: emit(({ context, event }, { word }: { word: string }) => ({
      type: 'Said',
      data: { word, n: context.n, on: event.type },
    })),
    forget: cancel(({ context }) => `note ${context.n}`),
    tell: raise(({ context }) => ({ type: 'E', n: context.n })),
    think: enqueueActions(({ context, event, enqueue, check }, params: { word: string }) => {
      if (check('isEven')) enqueue.assign({ thought: event.type });
      enqueue.assign(({ context: now }) => ({ n: now.n + 1 }));
      enqueue({ type: 'say', params });
      if (check(and(['isOdd', { type: 'isBelow', params: { n: 5 } }]))) enqueue('count');
      enqueue.emit({ type: 'Thought', n: context.n } as never);
      enqueue.cancel('thought');
      if (context.n < limit) enqueue.raise({ type: 'ABCD'[context.n % 4] as string });
    }),
  } as never,
});

const word = fc.constantFrom('yes', 'no', 'perhaps');
const message = fc.oneof(
  fc.constant('forget'),
  fc.constant(emit({ type: 'Plain' })),
  word.map((text) => ({ type: 'say', params: { word: text } })),
);
const change = fc.oneof(
  fc.constant('count'),
  fc.constant(assign({ plain: true } as never)),
  word.map((text) => ({ type: 'think', params: { word: text } })),
  fc.nat(3).map((n) => ({ type: 'add', params: ({ context }: { context: Context }) => ({ n: (context.n % 2) + n }) })),
);
const actions = fc.array(fc.oneof(message, change), { maxLength: 3 });

const below = fc.nat(limit).map((n) => ({ type: 'isBelow', params: { n } }));
const guard = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  fc.constantFrom('isEven', 'isOdd', { type: 'isOdd', params: 'which it does not ask for' }),
  fc.constant({ type: 'isBelow', params: ({ context }: { context: Context }) => ({ n: 2 + (context.n % 4) }) }),
  below,
  below.map((one) => not(one as never)),
  below.map((one) => and(['isEven', one] as never)),
  below.map((one) => or(['isOdd', one] as never)),
  fc.constant(({ context }: { context: Context }) => context.n % 3 === 0),
);

/** Where a transition leads: to one of the states by its number, or nowhere. */
const target = fc.option(fc.nat(6), { nil: undefined, freq: 3 });
const way = fc.record({ target, guard, actions, reenter: fc.boolean() });

/** A state, and how it goes on from there. */
const state = fc.record({
  /** The state that it is within, among those before it. */
  around: fc.nat(5),
  isFinal: fc.boolean(),
  entry: actions,
  exit: actions,
  beginning: actions,
  on: fc.array(fc.record({ type: fc.constantFrom('A', 'B', 'C', 'D', 'E'), way, tells: fc.boolean() }), {
    maxLength: 6,
  }),
  always: fc.array(
    fc.record({
      target,
      actions: fc.array(message, { maxLength: 2 }),
      reenter: fc.boolean(),
      guard: below,
      counts: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  after: fc.array(fc.record({ delay: fc.constantFrom('soon', 'later', '70'), way }), { maxLength: 2 }),
  defers: fc.subarray(['A', 'B', 'C']),
});

type AnyState = typeof state extends fc.Arbitrary<infer T> ? T : never;

/** What a machine of states within each other may be like, with all that a chart may have. It always comes to rest. */
export const anyChart: fc.Arbitrary<readonly AnyState[]> = fc.array(state, { minLength: 2, maxLength: 7 });

const grouped = (pairs: readonly (readonly [string, object])[]) =>
  Object.fromEntries(pairs.map(([key]) => [key, pairs.filter(([other]) => other === key).map(([, value]) => value)]));

/** Makes a machine of such states. */
export function machineOf(states: readonly AnyState[]): AnyStateMachine {
  const aroundOf = (index: number) => (index === 0 ? -1 : (states[index] as AnyState).around % index);
  /** A transition with its target by whatever name that has for its source. */
  const from = <W extends { readonly target: number | undefined }>(source: number, { target: number, ...rest }: W) => {
    if (number === undefined) return rest;
    const index = number % states.length;
    const isSibling = source > 0 && aroundOf(index) === aroundOf(source);
    const name = isSibling ? `s${index}` : `#s${index}`;
    return { ...rest, target: aroundOf(index) === source ? `.s${index}` : name };
  };
  const config = (index: number): object => {
    const { isFinal, beginning, on, always, after, defers, entry, exit } = states[index] as AnyState;
    const within = states.flatMap((_, other) => (aroundOf(other) === index ? [other] : []));
    return {
      id: `s${index}`,
      entry,
      exit,
      meta: { defers },
      ...(within.length > 0 && { initial: { target: `s${within[0]}`, actions: beginning } }),
      ...(isFinal && within.length === 0 && aroundOf(index) === 0 && { type: 'final' }),
      states: Object.fromEntries(within.map((other) => [`s${other}`, config(other)])),
      on: grouped(
        on.map(({ type, way: one, tells }) => {
          const told = tells && type !== 'E' ? ['tell'] : [];
          return [type, from(index, { ...one, actions: [...one.actions, ...told] })];
        }),
      ),
      // What leads somewhere counts, so that it ends.
      always: always.map(({ counts, ...one }) => {
        const counted = counts || one.target !== undefined ? ['count'] : [];
        return from(index, { ...one, actions: [...one.actions, ...counted] });
      }),
      after: grouped(after.map(({ delay, way: one }) => [delay, from(index, one)])),
    };
  };
  return words.createMachine({
    context: ({ input }: { input: { n: number } }) => ({ n: input.n }),
    ...config(0),
  } as never) as never;
}

import { expect } from 'chai';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type ContextFrom,
  type EventFromLogic,
  type InputFrom,
  initialTransition,
  transition,
} from 'xstate';
import { type FlowmartOutgoing, type MessageData, type MessageName, messages } from '../../machines/index.js';
import { deriveId } from '../../machines/shared/ids.js';
import { later, minutes } from '../../machines/shared/instants.js';
import type { MessageType, Received } from '../../machines/shared/message.js';

const START = '2026-03-02T09:00:00.000Z';
const CORRELATION = '019ca000-0000-7000-8000-00000000c0de';
const catalogue: Record<string, MessageType> = { ...messages };
let received = 0;

/** Lets machines send messages that are not in the catalogue's index. */
export function alsoKnown(types: Readonly<Record<string, MessageType>>): void {
  Object.assign(catalogue, types);
}

/** The instant so many minutes after every story's beginning (UTC ISO 8601). */
export const at = (minutesLater = 0): string => later(START, minutes(minutesLater));

/** A fixed UUIDv7 for a name, the same in every run: `id('order')`. */
export const id = (name: string): string => deriveId('019ca000-0000-7000-8000-000000000000', name);

/** A message as the runtime hands it to a machine; its payload is checked against the catalogue. */
export function message<N extends MessageName>(
  type: N,
  data: MessageData<N>,
  when = at(),
): Received<N, MessageData<N>> {
  messages[type].schema.parse(data);
  received += 1;
  return { type, data, id: id(`message ${received}`), at: when, correlationId: CORRELATION };
}

interface Timer {
  readonly id: string;
  readonly dueAt: string;
}

/** What one `when` led to: messages sent, and those that were refused or kept for later. */
interface Outcome {
  readonly emitted: readonly FlowmartOutgoing[];
  readonly ignored: readonly string[];
  readonly deferred: readonly AnyReceived[];
}

type AnyReceived = Received;

/** An actor at one moment of its story, driven as the runtime drives it: stored as JSON between any two messages. */
export class Scene<M extends AnyStateMachine> implements Outcome {
  constructor(
    private readonly machine: M,
    private readonly snapshot: AnyMachineSnapshot,
    private readonly armed: ReadonlyMap<string, string>,
    /** Messages sent by the last `when`. */
    readonly emitted: readonly FlowmartOutgoing[],
    /** Types of the messages of the last `when` that the actor could not take. */
    readonly ignored: readonly string[],
    /** Messages that the actor keeps until it can take them. */
    readonly deferred: readonly AnyReceived[],
  ) {}

  /** The state as a dotted path: `confirmed.reserving`. */
  get state(): string {
    return dotted(this.snapshot.value);
  }

  get context(): ContextFrom<M> {
    return this.snapshot.context;
  }

  /** The armed timers, the earliest first. */
  get timers(): readonly Timer[] {
    return [...this.armed]
      .map(([timer, dueAt]) => ({ id: timer, dueAt }))
      .sort((a, b) => Date.parse(a.dueAt) - Date.parse(b.dueAt));
  }

  /** The payloads of the sent messages of one type. */
  sent<N extends MessageName>(type: N): MessageData<N>[] {
    return this.emitted.filter((one) => one.type === type).map((one) => one.data as MessageData<N>);
  }

  /** The types of the sent messages, in order. */
  get sentTypes(): readonly MessageName[] {
    return this.emitted.map((one) => one.type);
  }

  can(event: EventFromLogic<M>): boolean {
    return this.snapshot.can(event);
  }

  /** The same actor after these messages; what was sent and ignored is that of these messages alone. */
  when(...events: readonly EventFromLogic<M>[]): Scene<M> {
    return events.reduce<Scene<M>>(
      (scene, event) => scene.take(event as unknown as AnyReceived),
      new Scene(this.machine, this.snapshot, this.armed, [], [], this.deferred),
    );
  }

  /** The same actor after its earliest timer (or the earliest whose id contains `name`) has fired, on time. */
  whenTimerFires(name = ''): Scene<M> {
    const due = this.timers.find((timer) => timer.id.includes(name));
    if (!due) throw new Error(`No timer ${name} is armed in ${this.state}`);
    received += 1;
    const fired = {
      type: due.id,
      id: id(`message ${received}`),
      at: due.dueAt,
      correlationId: CORRELATION,
      data: {},
    };
    const armed = new Map(this.armed);
    armed.delete(due.id);
    return new Scene(this.machine, this.snapshot, armed, [], [], this.deferred).take(fired, true);
  }

  private take(event: AnyReceived, isTimer = false): Scene<M> {
    if (!isTimer && !this.snapshot.can(event)) {
      return this.defers(event.type)
        ? this.with({ deferred: [...this.deferred, event] })
        : this.with({ ignored: [...this.ignored, event.type] });
    }
    const [next, actions] = transition(this.machine, this.snapshot as never, event as never);
    return proceed(this.machine, next as AnyMachineSnapshot, actions, event.at, this).retryDeferred();
  }

  private retryDeferred(): Scene<M> {
    return this.deferred.reduce<Scene<M>>((scene, event) => scene.take(event), this.with({ deferred: [] }));
  }

  private defers(type: string): boolean {
    const metas = Object.values(this.snapshot.getMeta()) as ({ defers?: readonly string[] } | undefined)[];
    return metas.some((meta) => meta?.defers?.includes(type));
  }

  private with(change: Partial<Outcome>): Scene<M> {
    const { emitted, ignored, deferred } = { ...this, ...change };
    return new Scene(this.machine, this.snapshot, this.armed, emitted, ignored, deferred);
  }
}

/**
 * Tells the beginning of a story: an actor made by `creation`, after `history`. Messages that its creation sent are in
 * `emitted` when there is no history.
 */
export function given<M extends AnyStateMachine>(
  machine: M,
  creation: InputFrom<M>,
  ...history: readonly EventFromLogic<M>[]
): Scene<M> {
  const [snapshot, actions] = initialTransition(machine, ...([creation] as never));
  const blank = new Scene(machine, snapshot as AnyMachineSnapshot, new Map(), [], [], []);
  const born = proceed(machine, snapshot as AnyMachineSnapshot, actions, (creation as AnyReceived).at, blank);
  return history.length === 0 ? born : born.when(...history);
}

type Action = { readonly type: string; readonly params: unknown };

/** Does what the runtime does with the actions of a step: outgoing messages, timers; and stores the actor as JSON. */
function proceed<M extends AnyStateMachine>(
  machine: M,
  next: AnyMachineSnapshot,
  actions: readonly unknown[],
  now: string,
  before: Scene<M>,
): Scene<M> {
  if (next.status === 'error') throw next.error;
  const emitted = [...before.emitted];
  const armed = new Map(before.timers.map((timer) => [timer.id, timer.dueAt]));
  for (const { type, params } of actions as readonly Action[]) {
    if (type === 'xstate.emit') {
      const { event } = params as { event: FlowmartOutgoing };
      expect(catalogue, 'the catalogue').to.have.property(event.type);
      catalogue[event.type]?.schema.parse(event.data);
      expect(event.data, `payload of ${event.type}`).to.deep.equal(JSON.parse(JSON.stringify(event.data)));
      emitted.push(event);
    } else if (type === 'xstate.raise') {
      const { event, delay } = params as { event: { type: string }; delay: number };
      expect(delay, `delay of ${event.type}`).to.be.a('number').that.satisfies(Number.isFinite);
      armed.set(event.type, later(now, delay));
    } else if (type === 'xstate.cancel') {
      armed.delete((params as { sendId: string }).sendId);
    } else {
      throw new Error(`A machine may only emit and use timers, not ${type}`);
    }
  }
  const stored = JSON.parse(JSON.stringify({ value: next.value, context: next.context, status: next.status }));
  expect(next.context, 'context as JSON').to.deep.equal(stored.context);
  return new Scene(machine, machine.resolveState(stored), armed, emitted, before.ignored, before.deferred);
}

function dotted(value: unknown): string {
  if (typeof value === 'string') return value;
  return Object.entries(value as Record<string, unknown>)
    .map(([key, inner]) => (inner && Object.keys(inner).length > 0 ? `${key}.${dotted(inner)}` : key))
    .join(',');
}

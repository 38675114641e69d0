import { type MessageName, messages } from '../machines/index.js';
import { FatalError } from '../machines/shared/errors.js';
import { actors, channels, commands, inline, type Recipient, recipients, type Service } from './topology.js';

interface Target {
  readonly to: Recipient;
  readonly by: string;
  readonly when?: (data: never) => boolean;
}

interface Address extends Target {
  readonly queue: string | null;
}

/** A message of the topology as data: where it goes and by what. */
export interface Wire {
  readonly type: MessageName;
  readonly channel: string | null;
  readonly addresses: readonly Address[];
}

/** The queue of one subscription of a channel. */
const subscriptionQueue = (channel: string, to: Recipient): string => `${channel}.${recipients[to]}`;

function collectWires(): Map<string, Wire> {
  const wires = new Map<string, Wire>();
  const add = (type: string, channel: string | null, addresses: readonly Address[]) => {
    if (wires.has(type)) throw new Error(`${type} stands twice in the topology`);
    wires.set(type, { type: type as MessageName, channel, addresses });
  };
  for (const [channel, events] of Object.entries(channels)) {
    for (const [type, targets] of Object.entries(events) as [string, readonly Target[]][]) {
      add(
        type,
        channel,
        targets.map((target) => ({ queue: subscriptionQueue(channel, target.to), ...target })),
      );
    }
  }
  for (const [queue, byType] of Object.entries(commands)) {
    for (const [type, target] of Object.entries(byType) as [string, Target][]) add(type, null, [{ queue, ...target }]);
  }
  for (const [type, target] of Object.entries(inline) as [string, Target][])
    add(type, null, [{ queue: null, ...target }]);
  return wires;
}

/** Every message of the topology by its name. */
export const wires: ReadonlyMap<string, Wire> = collectWires();

/** The queue that carries due timers to a service's actors. */
export const timerQueue = (service: Service): string => `${service}.timers`;

/** Every queue with the service whose workers consume it. */
export const queueServices: ReadonlyMap<string, Service> = new Map(
  [
    ...[...wires.values()]
      .flatMap((wire) => wire.addresses)
      .flatMap(({ queue, to }) => (queue ? [[queue, recipients[to]] as const] : [])),
    ...actors.map((actor) => [timerQueue(recipients[actor]), recipients[actor]] as const),
  ].sort(([a], [b]) => (a < b ? -1 : 1)),
);

/**
 * Checks a payload against the catalogue.
 * @throws {FatalError} UNKNOWN_MESSAGE or INVALID_PAYLOAD
 */
export function check(type: string, data: unknown): void {
  const entry = messages[type as MessageName];
  if (!entry) throw new FatalError('UNKNOWN_MESSAGE', `there is no message ${type}`);
  const { success, error } = entry.schema.safeParse(data);
  if (success) return;
  const [issue] = error.issues;
  throw new FatalError('INVALID_PAYLOAD', `${type}: ${issue?.path.join('.') || 'payload'}: ${issue?.message}`);
}

/** Where one message goes: its receivers with their queues, and the channel whose stream a public event is appended to. */
export function route(type: string, data: unknown) {
  const wire = wires.get(type);
  const entry = messages[type as MessageName];
  if (!wire || !entry) throw new FatalError('UNKNOWN_MESSAGE', `${type} is not in the topology`);
  const deliveries: { recipient: string; actorId: string; queue: string | null }[] = [];
  for (const { to, by, when, queue } of wire.addresses) {
    const actorId = (data as Record<string, unknown>)[by];
    if (typeof actorId !== 'string') continue;
    if (when && !when(data as never)) continue;
    deliveries.push({ recipient: to, actorId, queue });
  }
  return { deliveries, channel: entry.visibility === 'public' ? wire.channel : null, version: entry.version };
}

/** What the world outside may see of an event: everything but what is personal (invariant 10). */
export function publicData(type: string, data: unknown): unknown {
  const personal = messages[type as MessageName]?.personal ?? [];
  if (personal.length === 0) return data;
  return Object.fromEntries(Object.entries(data as object).filter(([field]) => !personal.includes(field)));
}

/** The same, from a payload's JSON text to JSON text. Events are logged so since 2026-11-27: most hold nothing personal any more. */
export function publicText(type: string, text: string): string {
  const personal = messages[type as MessageName]?.personal ?? [];
  return personal.some((field) => text.includes(`"${field}"`))
    ? JSON.stringify(publicData(type, JSON.parse(text)))
    : text;
}

/** The queue that brings messages of this type to this recipient; timers have a queue of their own per service. */
export function queueOf(type: string, recipient: string): string {
  const address = wires.get(type)?.addresses.find(({ to }) => to === recipient);
  return address?.queue ?? timerQueue(recipients[recipient as Recipient]);
}

/** What the engine needs to know about FlowMart's messages. */
export const routing = { check, route, publicData, queueOf };

import type { Redis } from 'ioredis';
import { publicText } from './routing.js';

/** A public event as a stream carries it. */
export interface StreamEvent {
  readonly id: string;
  readonly channel: string;
  /** Position in the channel without gaps; becomes the entry id `<position>-0`, so that appending twice is refused by Redis itself. */
  readonly position: number;
  readonly type: string;
  readonly version: string;
  readonly source: string;
  readonly subject: string;
  /** The payload as JSON text. */
  readonly data: string;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly time: string;
}

/** The key of a channel's stream. */
export const streamKey = (prefix: string, channel: string): string => `${prefix}:stream:${channel}`;

/** An event as CloudEvents 1.0 writes it in JSON (structured mode), with what its schema keeps from the public left out. */
export function toCloudEvent(event: StreamEvent): string {
  const attributes = JSON.stringify({
    specversion: '1.0',
    id: event.id,
    type: event.type,
    source: event.source,
    subject: event.subject,
    time: event.time,
    datacontenttype: 'application/json',
    dataschema: `/schemas/${event.type}/${event.version}`,
    correlationid: event.correlationId,
    causationid: event.causationId ?? undefined,
    sequence: String(event.position).padStart(16, '0'),
    traceparent: traceparent(event),
  });
  return `${attributes.slice(0, -1)},"data":${publicText(event.type, event.data)}}`;
}

/** W3C trace context that follows from the ids we already have: the correlation is the trace, the message the span. */
const traceparent = (event: StreamEvent): string =>
  `00-${event.correlationId.replaceAll('-', '')}-${event.id.replaceAll('-', '').slice(16)}-01`;

/** The attributes of the event that a stream's entry holds. */
export function attributesOf(fields: readonly string[]): Readonly<Record<string, unknown>> {
  const at = fields.indexOf('event');
  if (at >= 0 && at % 2 === 0) return JSON.parse(fields[at + 1] as string) as Record<string, unknown>;
  // Until 2026-11-27 each attribute had a field of its own.
  return Object.fromEntries(fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1]]] : [])));
}

/** Events in one call at most: of more, our client would make a text so long that it gets fresh pages from the operating system each time. */
const mostAtOnce = 64;

/**
 * Appends in order and stops at the first that is refused, other than for being there already: were a later one taken, it could never get in
 * any more. Answers which ones were there. One call, because a command of its own costs our client more than all else about an event.
 */
const appendScript = `
  local there = {}
  for i = 1, #KEYS do
    local at = 3 * i
    local reply = redis.pcall('XADD', KEYS[i], ARGV[at - 2], 'type', ARGV[at - 1], 'event', ARGV[at])
    if reply.err then
      if not string.find(reply.err, 'equal or smaller', 1, true) then return reply end
      there[#there + 1] = i - 1
    end
  end
  return there`;

/**
 * Appends events to their channels' streams, in order, none behind one that is refused. An event whose position is already in the
 * stream is left alone, so a publisher that died after appending may append again.
 * @throws the first error of Redis other than "already there"; also when another event is there
 */
export async function appendEvents(redis: Redis, prefix: string, events: readonly StreamEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += mostAtOnce)
    await appendTogether(redis, prefix, events.slice(from, from + mostAtOnce));
}

async function appendTogether(redis: Redis, prefix: string, events: readonly StreamEvent[]): Promise<void> {
  const keys = events.map(({ channel }) => streamKey(prefix, channel));
  const entries = events.flatMap((event) => [`${event.position}-0`, event.type, toCloudEvent(event)]);
  const there = (await redis.eval(appendScript, keys.length, ...keys, ...entries)) as number[];
  for (const index of there) await expectSame(redis, prefix, events[index] as StreamEvent);
}

/** Makes sure that it is this event which a stream already holds at its position, or held before it was trimmed. */
async function expectSame(redis: Redis, prefix: string, event: StreamEvent): Promise<void> {
  const key = streamKey(prefix, event.channel);
  const [entry] = await redis.xrange(key, `${event.position}-0`, `${event.position}-0`);
  if (!entry || attributesOf(entry[1]).id === event.id) return;
  throw new Error(
    `${key} already holds another event at ${event.position}: it was fed from another database, or from this one before it was restored; remove that stream to begin it anew`,
  );
}

/** The position of the last event in a channel's stream; 0 when there is none. */
export async function lastPosition(redis: Redis, prefix: string, channel: string): Promise<number> {
  const [last] = await redis.xrevrange(streamKey(prefix, channel), '+', '-', 'COUNT', 1);
  return last ? positionOf(last[0]) : 0;
}

interface StreamGroup {
  readonly name: string;
  readonly 'last-delivered-id': string;
  readonly pending: number;
}

const positionOf = (entryId: string): number => Number(entryId.split('-')[0]);

/**
 * Trims a stream to about `keep` entries, but never past what its slowest consumer group has not acknowledged: Redis would drop
 * those without a word. Answers how many entries went.
 */
export async function trimStream(redis: Redis, prefix: string, channel: string, keep: number): Promise<number> {
  const key = streamKey(prefix, channel);
  const length = await redis.xlen(key);
  if (length <= keep) return 0;
  const [first] = await redis.xrange(key, '-', '+', 'COUNT', 1);
  if (!first) return 0;
  return trimBefore(redis, key, positionOf(first[0]) + length - keep);
}

/** Trims the entries of a stream that are older than an instant, as carefully. Answers how many went, or would go without `go`. */
export async function trimOlder(
  redis: Redis,
  prefix: string,
  channel: string,
  than: Date,
  go: boolean,
): Promise<number> {
  const key = streamKey(prefix, channel);
  const [first] = await redis.xrange(key, '-', '+', 'COUNT', 1);
  const [last] = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
  if (!first || !last) return 0;
  // Positions follow each other without gaps, so the first young entry is found by halving.
  let [low, high] = [positionOf(first[0]), positionOf(last[0]) + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [entry] = await redis.xrange(key, `${middle}-0`, '+', 'COUNT', 1);
    if (entry && timeOf(entry[1]) < than.getTime()) low = positionOf(entry[0]) + 1;
    else high = middle;
  }
  if (go) return trimBefore(redis, key, low);
  return Math.max(0, Math.min(low, await neededFrom(redis, key)) - positionOf(first[0]));
}

const timeOf = (fields: string[]): number => Date.parse(String(attributesOf(fields).time));

async function trimBefore(redis: Redis, key: string, position: number): Promise<number> {
  return redis.xtrim(key, 'MINID', `${Math.min(position, await neededFrom(redis, key))}-0`);
}

/** The first position that a consumer group has not acknowledged. */
async function neededFrom(redis: Redis, key: string): Promise<number> {
  let needed = Number.MAX_SAFE_INTEGER;
  for (const group of parseGroups(await redis.xinfo('GROUPS', key))) {
    needed = Math.min(needed, positionOf(group['last-delivered-id']) + 1);
    if (group.pending > 0) {
      const [, oldest] = (await redis.xpending(key, group.name)) as [number, string | null];
      if (oldest) needed = Math.min(needed, positionOf(oldest));
    }
  }
  return needed;
}

/** XINFO answers maps under RESP3 and flat lists under RESP2. */
function parseGroups(reply: unknown): StreamGroup[] {
  return (reply as unknown[]).map((group) => {
    if (!Array.isArray(group)) return group as StreamGroup;
    const entries: [string, unknown][] = [];
    for (let i = 0; i < group.length; i += 2) entries.push([String(group[i]), group[i + 1]]);
    return Object.fromEntries(entries) as unknown as StreamGroup;
  });
}

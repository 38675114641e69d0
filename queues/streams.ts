import type { Redis } from 'ioredis';
import { publicData } from './routing.js';

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
  readonly data: unknown;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly time: string;
}

/** The key of a channel's stream. */
export const streamKey = (prefix: string, channel: string): string => `${prefix}:stream:${channel}`;

/** An event's CloudEvents 1.0 attributes and data as field–value pairs (binary mode: one field per attribute). */
export function toFields(event: StreamEvent): string[] {
  const fields = [
    ...[
      'specversion',
      '1.0',
      'id',
      event.id,
      'type',
      event.type,
      'source',
      event.source,
      'subject',
      event.subject,
      'time',
      event.time,
    ],
    ...['datacontenttype', 'application/json', 'dataschema', `/schemas/${event.type}/${event.version}`],
    ...[
      'correlationid',
      event.correlationId,
      'sequence',
      String(event.position).padStart(16, '0'),
      'traceparent',
      traceparent(event),
    ],
  ];
  if (event.causationId) fields.push('causationid', event.causationId);
  fields.push('data', JSON.stringify(publicData(event.type, event.data)));
  return fields;
}

/** W3C trace context that follows from the ids we already have: the correlation is the trace, the message the span. */
const traceparent = (event: StreamEvent): string =>
  `00-${event.correlationId.replaceAll('-', '')}-${event.id.replaceAll('-', '').slice(16)}-01`;

/**
 * Appends events to their channels' streams, in order and in one pipeline. An event whose position is already in the stream is
 * left alone, so a publisher that died after appending may append again.
 * @throws the first error of Redis other than "already there"
 */
export async function appendEvents(redis: Redis, prefix: string, events: readonly StreamEvent[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const event of events)
    pipeline.xadd(streamKey(prefix, event.channel), `${event.position}-0`, ...toFields(event));
  for (const [error] of (await pipeline.exec()) ?? []) {
    if (error && !/equal or smaller/.test(error.message)) throw error;
  }
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
  const oldest = positionOf(((await redis.xrange(key, '-', '+', 'COUNT', 1))[0] as [string, string[]])[0]);
  let before = oldest + length - keep;
  for (const group of parseGroups(await redis.xinfo('GROUPS', key))) {
    let needed = positionOf(group['last-delivered-id']) + 1;
    if (group.pending > 0) {
      const [, first] = (await redis.xpending(key, group.name)) as [number, string | null];
      if (first) needed = Math.min(needed, positionOf(first));
    }
    before = Math.min(before, needed);
  }
  return redis.xtrim(key, 'MINID', `${before}-0`);
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

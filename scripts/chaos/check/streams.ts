import { type Kysely, sql } from 'kysely';
import { attributesOf, streamKey } from '../../../queues/streams.js';
import type { Database } from '../../../src/db/tables.js';
import type { Evidence, Finding } from './evidence.js';

/**
 * Every stream holds its channel's public events in commit order up to the last one, each at its position. It may begin late, after
 * a loss of Redis, or be empty; nothing may be missing from where it begins.
 */
export async function streamsFollowTheLog({
  db,
  redis,
  prefix,
}: Pick<Evidence, 'db' | 'redis' | 'prefix'>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [channel, ids] of await loggedEvents(db)) {
    const entries = await readStream(redis, streamKey(prefix, channel));
    const say = (what: string) => findings.push({ about: `stream of ${channel}`, what });
    const [first] = entries;
    if (!first) continue;
    const begin = first.position;
    for (const [index, { position, id }] of entries.entries()) {
      if (position !== begin + index) {
        say(`has a gap before position ${position}, where ${begin + index} was to be`);
        break;
      }
      if (ids[position - 1] !== id) {
        say(`holds ${id} at position ${position}, and the log says ${ids[position - 1]}`);
        break;
      }
    }
    const last = entries.at(-1)?.position;
    if (last !== ids.length) say(`ends at ${last}, and the log at ${ids.length}`);
  }
  return findings;
}

/** The ids of all public events by channel, in the order in which they were committed. */
async function loggedEvents(db: Kysely<Database>): Promise<Map<string, readonly string[]>> {
  const { rows } = await sql<{ channel: string; ids: string[] }>`
    select channel, array_agg(id::text order by xid, seq) as ids from runtime.event_log group by channel`.execute(db);
  return new Map(rows.map(({ channel, ids }) => [channel, ids]));
}

async function readStream(redis: Evidence['redis'], key: string): Promise<{ position: number; id: string }[]> {
  const entries: { position: number; id: string }[] = [];
  for (let from = '-'; ; ) {
    const page = await redis.xrange(key, from, '+', 'COUNT', 5000);
    for (const [entryId, fields] of page)
      entries.push({ position: Number(entryId.split('-')[0]), id: String(attributesOf(fields).id) });
    const last = page.at(-1)?.[0];
    if (!last) return entries;
    from = `(${last}`;
  }
}

import { type Kysely, sql } from 'kysely';
import type { StreamEvent } from '../../queues/streams.js';
import type { Database } from '../db/tables.js';
import type { Trx } from './ports.js';

/** A public event as it is appended to its channel's stream. */
export type PublishedEvent = StreamEvent;

export interface PublisherOptions {
  readonly db: Kysely<Database>;
  /** Appends events to their streams, in order; an event that is already there is skipped. */
  readonly append: (events: readonly PublishedEvent[]) => Promise<void>;
  /** The position of the last event that a channel's stream holds; 0 when it holds none. */
  readonly lastIn: (channel: string) => Promise<number>;
  readonly onError: (error: unknown) => void;
  readonly onPublished?: (events: readonly PublishedEvent[]) => void;
  /** ms between looks at an event log with nothing new. */
  readonly idleMs?: number;
  readonly limit?: number;
}

/** How old a look at the event log may be (ms) when its events are appended; less than a process may leave a transaction alone (connect.ts). */
const staleMs = 2_000;

/**
 * Feeds the channels' Redis Streams from the event log, in commit-safe order: an event is read only once no transaction that began
 * before its own can still commit, so none is ever skipped. Whichever process holds the cursor row publishes; the others pass.
 */
export class Publisher {
  readonly #options: Required<Omit<PublisherOptions, 'onPublished'>> & Pick<PublisherOptions, 'onPublished'>;
  #sure = false;
  #stopped = false;
  #loop: Promise<void> | null = null;
  #wake: (() => void) | null = null;

  constructor(options: PublisherOptions) {
    this.#options = { idleMs: 50, limit: 1000, ...options };
  }

  /** Says that Redis may have lost something: before anything is appended, its streams are looked at again. */
  doubt(): void {
    this.#sure = false;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#loop;
  }

  /** Publishes one batch; answers how many events it held, 0 also when another process is publishing. */
  publish(): Promise<number> {
    const began = performance.now();
    return this.#options.db.transaction().execute(async (trx) => {
      const { rows: cursors } = await sql<Cursor>`/* prepared */
        select xid::text, seq, positions from runtime.publisher where id = ${1}::int for update skip locked`.execute(
        trx,
      );
      const [cursor] = cursors;
      if (!cursor) return 0;
      if (!this.#sure) await this.#fillUp(trx, cursor, began);
      // Qualified: "order by xid" alone would mean the text that is selected, and put 1000 before 999.
      const { rows } = await sql<LogRow>`/* prepared */
        select ${columns} from runtime.event_log e
        where (e.xid, e.seq) > (${cursor.xid}::xid8, ${cursor.seq}::bigint) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
        order by e.xid, e.seq limit ${this.#options.limit}::int`.execute(trx);
      const last = rows.at(-1);
      if (!last) return 0;
      const positions = { ...cursor.positions };
      const events = rows.map((row) => {
        const position = (positions[row.channel] ?? 0) + 1;
        positions[row.channel] = position;
        return eventOf(row, position);
      });
      await this.#append(events, began);
      await sql`/* prepared */
        update runtime.publisher set xid = ${last.xid}::xid8, seq = ${last.seq}::bigint, positions = ${JSON.stringify(positions)}::jsonb where id = 1`.execute(
        trx,
      );
      this.#options.onPublished?.(events);
      return rows.length;
    });
  }

  /** Appends again what a stream has lost of its end, as Redis may when it is killed or fails over; one that lost everything begins anew. */
  async #fillUp(trx: Trx, { xid, seq, positions }: Cursor, began: number): Promise<void> {
    this.#sure = true;
    for (const [channel, end] of Object.entries(positions)) {
      const last = await this.#options.lastIn(channel);
      if (last === 0 || last >= end) continue;
      const { rows } = await sql<LogRow>`/* prepared */
        select ${columns} from runtime.event_log e
        where e.channel = ${channel} and (e.xid, e.seq) <= (${xid}::xid8, ${seq}::bigint)
        order by e.xid desc, e.seq desc limit ${end - last}::int`.execute(trx);
      await this.#append(
        rows.reverse().map((row, index) => eventOf(row, last + 1 + index)),
        began,
      );
    }
  }

  async #append(events: readonly PublishedEvent[], began: number): Promise<void> {
    // Frozen meanwhile, this process may have lost the cursor: others went on, and Redis may have been emptied since.
    if (performance.now() - began > staleMs) throw new Error('the event log was read too long ago');
    if (!this.#sure) throw new Error('Redis was away since its streams were looked at');
    await this.#options.append(events);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      let published = 0;
      let pause = this.#options.idleMs;
      try {
        published = await this.publish();
      } catch (error) {
        this.#options.onError(error);
        this.doubt();
        pause = 500;
      }
      if (published < this.#options.limit && !this.#stopped) await this.#sleep(pause);
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

interface Cursor {
  readonly xid: string;
  readonly seq: string;
  readonly positions: Readonly<Record<string, number>>;
}

interface LogRow {
  readonly xid: string;
  readonly seq: string;
  readonly id: string;
  readonly channel: string;
  readonly type: string;
  readonly version: string;
  readonly source: string;
  readonly subject: string;
  readonly data: string;
  readonly correlation_id: string;
  readonly causation_id: string | null;
  readonly time: Date;
}

const columns = sql.raw(
  'e.xid::text, e.seq, e.id, e.channel, e.type, e.version, e.source, e.subject, e.data::text as data, e.correlation_id, e.causation_id, e.time',
);

const eventOf = (row: LogRow, position: number): PublishedEvent => ({
  id: row.id,
  channel: row.channel,
  position,
  type: row.type,
  version: row.version,
  source: row.source,
  subject: row.subject,
  data: row.data,
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  time: row.time.toISOString(),
});

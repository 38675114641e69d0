import { type Kysely, type RawBuilder, sql } from 'kysely';
import { texts } from '../db/arrays.js';
import { listPartitions, type MonthlyLog, monthlyLogs } from '../db/partitions.js';
import type { Database } from '../db/tables.js';
import type { Actor } from './ports.js';
import { longRestDays } from './store.js';

/** One partition whose rows are old: how many it has, and how many of them stay whatever their age. */
export interface Outdated {
  readonly partition: string;
  readonly rows: number;
  readonly kept: number;
}

export interface RetentionOptions {
  /** Days that every row is kept; more than a month (see `longRestDays`). */
  readonly keepDays: number;
  readonly actors: Readonly<Record<string, Actor>>;
  /** False only counts. */
  readonly go: boolean;
}

/** The least that may be kept (days): an actor whose rows go has rested long enough for its journal to begin anew (fold.ts). */
export const leastKeepDays = longRestDays + 1;

/**
 * Drops whole partitions of the journal and the event log that are older than `keepDays`. What stays whatever its age moves to the
 * default partition: every row of an actor that is not over yet, or that has moved since, has a timer, or has a message waiting or parked;
 * and every event that is not published yet.
 * @throws {RangeError} for less than `leastKeepDays`
 */
export async function retain(db: Kysely<Database>, options: RetentionOptions): Promise<Outdated[]> {
  if (options.keepDays < leastKeepDays) throw new RangeError(`at least ${leastKeepDays} days are kept`);
  const { rows } = await sql<{ cutoff: Date }>`
    select now() - ${options.keepDays}::int * interval '1 day' as cutoff`.execute(db);
  const cutoff = rows[0]?.cutoff as Date;
  const outdated: Outdated[] = [];
  for (const log of Object.keys(monthlyLogs) as MonthlyLog[]) {
    const stays = log === 'journal' ? ofLivingActors(options.actors, cutoff) : unpublished;
    const months = await listPartitions(db as unknown as Kysely<never>, log);
    for (const { name, to } of months) {
      if (to > cutoff) continue;
      outdated.push(await sift(db, log, name, stays, options.go));
    }
    const old = await sift(
      db,
      log,
      `${log}_default`,
      sql`(${sql.raw(`p.${monthlyLogs[log]}`)} >= ${cutoff} or ${stays})`,
      options.go,
    );
    if (old.rows > old.kept) outdated.push(old);
  }
  return outdated;
}

/** Takes a partition out, keeps those of its rows that stay, and drops it; the default one is replaced by a new one. */
function sift(
  db: Kysely<Database>,
  log: MonthlyLog,
  partition: string,
  stays: RawBuilder<unknown>,
  go: boolean,
): Promise<Outdated> {
  const [table, part] = [sql.raw(`runtime.${log}`), sql.raw(`runtime.${partition}`)];
  return db.transaction().execute(async (trx) => {
    await sql`set local lock_timeout = '10s'`.execute(trx);
    const { rows } = await sql<{ rows: string; kept: string }>`
      select count(*) as rows, count(*) filter (where ${stays}) as kept from ${part} p`.execute(trx);
    const [all, kept] = [Number(rows[0]?.rows), Number(rows[0]?.kept)];
    const isDefault = partition === `${log}_default`;
    if (!go || (isDefault && all === kept)) return { partition, rows: all, kept };
    await sql`alter table ${table} detach partition ${part}`.execute(trx);
    const old = sql.raw(`runtime.${partition}_old`);
    await sql`alter table ${part} rename to ${sql.raw(`${partition}_old`)}`.execute(trx);
    if (isDefault) await sql`create table ${part} partition of ${table} default`.execute(trx);
    await sql`insert into ${table} overriding system value select p.* from ${old} p where ${stays} order by p.seq`.execute(
      trx,
    );
    await sql`drop table ${old}`.execute(trx);
    return { partition, rows: all, kept };
  });
}

/** True for rows whose actor may still be told or folded from them. */
function ofLivingActors(actors: Readonly<Record<string, Actor>>, cutoff: Date): RawBuilder<unknown> {
  const living = Object.entries(actors).map(
    ([recipient, { table, ends }]) => sql`(p.recipient = ${recipient} and exists (
      select from ${sql.raw(table)} a where a.id = p.actor_id and (a.updated_at >= ${cutoff} or a.state <> all(${texts(ends)}))))`,
  );
  const isActor = sql`p.recipient = any(${texts(Object.keys(actors))})`;
  const isAwaited = (table: string) =>
    sql`exists (select from ${sql.raw(table)} w where w.actor_id = p.actor_id and w.recipient = p.recipient)`;
  const awaited = sql.join(['runtime.timers', 'runtime.mailbox', 'runtime.dead_letters'].map(isAwaited), sql` or `);
  return sql`(${isActor} and (${sql.join(living, sql` or `)} or ${awaited}))`;
}

/** True for events that the publisher has not reached. */
const unpublished = sql`exists (select from runtime.publisher c where (p.xid, p.seq) > (c.xid, c.seq))`;

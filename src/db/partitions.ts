import { type Kysely, sql } from 'kysely';

/** The logs that are partitioned by month (UTC), and the column that says when. */
export const monthlyLogs = { journal: 'at', event_log: 'time' } as const;

export type MonthlyLog = keyof typeof monthlyLogs;

/** Months after the present one that have a partition already. */
const monthsAhead = 2;

/** A month's partition: its name, and the instants (UTC) between which its rows lie, the end not included. */
export interface MonthPartition {
  readonly name: string;
  readonly from: Date;
  readonly to: Date;
}

/** The partition of the month so many months after `now`. */
export function partitionOf(log: MonthlyLog, now: Date, monthsLater = 0): MonthPartition {
  const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + monthsLater));
  const to = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1));
  const month = `${from.getUTCFullYear()}_${String(from.getUTCMonth() + 1).padStart(2, '0')}`;
  return { name: `${log}_${month}`, from, to };
}

/** The month partitions that a log has, by the names that `partitionOf` gives, the oldest first. */
export async function listPartitions(db: Kysely<never>, log: MonthlyLog): Promise<MonthPartition[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = ${`runtime.${log}`}::regclass order by 1`.execute(db);
  return rows.flatMap(({ name }) => {
    const [, year, month] = /_(\d{4})_(\d{2})$/.exec(name) ?? [];
    return year && month ? [partitionOf(log, new Date(Date.UTC(Number(year), Number(month) - 1)))] : [];
  });
}

/**
 * Makes the partitions of this month and the next ones, where they are not there; a month of which the default partition has rows
 * already stays there. Cheap when there is nothing to do, and safe from several processes at once.
 * @returns the names of those that were made
 * @throws when a lock is not to be had within a few seconds; the next call tries again
 */
export async function createPartitions(db: Kysely<never>): Promise<string[]> {
  const { rows: clock } = await sql<{ now: Date }>`select now() as now`.execute(db);
  const now = clock[0]?.now ?? new Date();
  const made: string[] = [];
  for (const log of Object.keys(monthlyLogs) as MonthlyLog[]) {
    const known = new Set((await listPartitions(db, log)).map(({ name }) => name));
    for (let month = 0; month <= monthsAhead; month++) {
      const partition = partitionOf(log, now, month);
      if (!known.has(partition.name) && (await create(db, log, partition))) made.push(partition.name);
    }
  }
  return made;
}

function create(db: Kysely<never>, log: MonthlyLog, { name, from, to }: MonthPartition): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    await sql`set local lock_timeout = '3s'`.execute(trx);
    await sql`select pg_advisory_xact_lock(hashtext('runtime partitions'))`.execute(trx);
    const table = sql.raw(`runtime.${log}`);
    const at = sql.raw(monthlyLogs[log]);
    const { rows } = await sql<{ free: boolean }>`
      select to_regclass(${`runtime.${name}`}) is null and not exists (
        select from ${sql.raw(`runtime.${log}_default`)} where ${at} >= ${from} and ${at} < ${to}) as free`.execute(
      trx,
    );
    if (!rows[0]?.free) return false;
    const [start, end] = [sql.lit(from.toISOString()), sql.lit(to.toISOString())];
    await sql`create table ${sql.raw(`runtime.${name}`)} partition of ${table} for values from (${start}) to (${end})`.execute(
      trx,
    );
    return true;
  });
}

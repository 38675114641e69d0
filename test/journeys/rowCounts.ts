import { sql } from 'kysely';
import type { Shop } from './shop.js';

const schemas = ['runtime', 'orders', 'payments', 'inventory', 'shipping', 'fraud', 'notifications'];

/** How many rows each table has: what must not change when a request is refused. */
export async function rowCounts({ db }: Shop): Promise<Record<string, number>> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_schema || '.' || table_name as name from information_schema.tables
    where table_schema = any(${schemas}) and table_type = 'BASE TABLE' order by 1`.execute(db);
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(name)}`.execute(db);
    counts[name] = rows[0]?.n ?? 0;
  }
  return counts;
}

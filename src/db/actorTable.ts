import { type Kysely, sql } from 'kysely';

/**
 * Creates the table of one kind of actor: the columns the runtime writes, and one generated column per entry of `columns`
 * (name → SQL expression over `snapshot`, immutable). Since migration 16 FlowMart's own actors have plain JSON there, and the runtime writes the
 * columns that follow from it (`columns` in services/registry.ts); only those that follow from `state` are generated.
 */
export async function createActorTable(
  db: Kysely<never>,
  table: string,
  columns: Readonly<Record<string, string>>,
): Promise<void> {
  const generated = Object.entries(columns).map(([name, definition]) => {
    const [type, expression] = definition.split(' = ') as [string, string];
    return `${name} ${type} generated always as (${expression}) stored`;
  });
  await sql
    .raw(`create table ${table} (
      id uuid primary key,
      version integer not null,
      machine_version integer not null,
      state text not null,
      snapshot jsonb not null,
      clock_id uuid,
      correlation_id uuid not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null${generated.map((column) => `,\n      ${column}`).join('')}
    ) with (fillfactor = 70)`)
    .execute(db);
}

/** SQL for one value of the actor's context, as text: `text('customerId')` → `snapshot #>> '{context,customerId}'`. */
export const contextText = (...path: readonly string[]): string => `snapshot #>> '{context,${path.join(',')}}'`;

import { Client } from 'pg';

interface Column {
  readonly schema: string;
  readonly table: string;
  readonly view: boolean;
  readonly column: string;
  readonly type: string;
  readonly optional: boolean;
  readonly generated: boolean;
}

interface Key {
  readonly schema: string;
  readonly table: string;
  readonly constraint: string;
  readonly kind: 'PRIMARY KEY' | 'UNIQUE' | 'FOREIGN KEY';
  readonly columns: readonly string[];
  /** The table that a foreign key refers to. */
  readonly refersTo: string | null;
}

const typeNames: Readonly<Record<string, string>> = {
  int4: 'integer',
  int8: 'bigint',
  float8: 'double',
  float4: 'real',
};

/** Every schema of a migrated database with its tables and views as one Mermaid diagram each, from information_schema. */
export async function schemaDiagrams(databaseUrl: string): Promise<string> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: columns } = await client.query<Column>(columnsQuery);
    const { rows: keys } = await client.query<Key>(keysQuery);
    const schemas = [...new Set(columns.map(({ schema }) => schema))];
    return schemas
      .map((schema) =>
        diagram(
          schema,
          columns.filter((column) => column.schema === schema),
          keys.filter((key) => key.schema === schema),
        ),
      )
      .join('\n\n');
  } finally {
    await client.end();
  }
}

function diagram(schema: string, columns: readonly Column[], keys: readonly Key[]): string {
  const tables = [...new Set(columns.map(({ table }) => table))];
  const boxes = tables.flatMap((table) => {
    const own = columns.filter((column) => column.table === table);
    return [
      `  ${table} {`,
      ...own.map((column) =>
        [`    ${typeNames[column.type] ?? column.type}`, column.column, marksOf(column, keys), remark(column)]
          .filter(Boolean)
          .join(' '),
      ),
      '  }',
    ];
  });
  const relations = keys.flatMap((key) => {
    if (!key.refersTo) return [];
    const optional = columns.some(
      (column) => column.table === key.table && key.columns.includes(column.column) && column.optional,
    );
    // Unique by itself: at most one row refers to each.
    const single = keys.some(
      (other) =>
        other.table === key.table && other.kind !== 'FOREIGN KEY' && other.columns.join() === key.columns.join(),
    );
    return [`  ${key.refersTo} ${optional ? '|o' : '||'}--${single ? 'o|' : 'o{'} ${key.table} : "${key.columns}"`];
  });
  return [`## ${schema}`, '', '```mermaid', 'erDiagram', ...boxes, ...relations, '```'].join('\n');
}

function marksOf({ table, column }: Column, keys: readonly Key[]): string {
  const of = (kind: Key['kind'], alone = false) =>
    keys.some(
      (key) =>
        key.table === table &&
        key.kind === kind &&
        key.columns.includes(column) &&
        (!alone || key.columns.length === 1),
    );
  const marks = [of('PRIMARY KEY') && 'PK', of('FOREIGN KEY') && 'FK', of('UNIQUE', true) && 'UK'];
  return marks.filter(Boolean).join(', ');
}

function remark({ optional, generated, view }: Column): string {
  const words = [generated && 'generated', optional && !view && !generated && 'may be null'].filter(Boolean);
  return words.length > 0 ? `"${words.join(', ')}"` : '';
}

// Partitions look like the table that they are part of; the tables of the migrator are not ours.
const ours = (schema: string, table: string): string => `
  ${schema} not in ('pg_catalog', 'information_schema', 'public')
  and not exists (
    select from pg_class part join pg_namespace home on home.oid = part.relnamespace
    where home.nspname = ${schema} and part.relname = ${table} and part.relispartition)`;

const columnsQuery = `
  select c.table_schema as schema, c.table_name as table, t.table_type = 'VIEW' as view, c.column_name as column,
    c.udt_name as type, c.is_nullable = 'YES' as optional, c.is_generated = 'ALWAYS' as generated
  from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
  where ${ours('c.table_schema', 'c.table_name')}
  order by c.table_schema collate "C", c.table_name collate "C", c.ordinal_position`;

const keysQuery = `
  select k.table_schema as schema, k.table_name as table, k.constraint_name as constraint, k.constraint_type as kind,
    array_agg(u.column_name::text order by u.ordinal_position) as columns,
    min(p.table_name::text) as "refersTo"
  from information_schema.table_constraints k
  join information_schema.key_column_usage u using (constraint_schema, constraint_name, table_schema, table_name)
  left join information_schema.referential_constraints r using (constraint_schema, constraint_name)
  left join information_schema.table_constraints p
    on p.constraint_schema = r.unique_constraint_schema and p.constraint_name = r.unique_constraint_name
  where k.constraint_type in ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY') and ${ours('k.table_schema', 'k.table_name')}
  group by 1, 2, 3, 4
  order by k.table_schema collate "C", k.table_name collate "C", k.constraint_name collate "C"`;

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { createClock } from '../../src/runtime/clockRows.js';
import { creationOf, iso, registrationOf, subscriptionOf } from '../years/command.js';
import { idFor, menu } from '../years/menu.js';
import { told, type World } from '../years/play.js';

const day = 86_400_000;
const [plan] = menu;

/**
 * Makes subscriptions to a daily plan whose second day begins at an instant. One is real: it subscribes on a test clock that
 * stands a day before, and is billed and paid by the engine. The others are copies of it, row by row (customer, subscription,
 * invoices, payment, their journals and timers), under ids and invoice numbers of their own, on the real clock. Answers what
 * the copies' invoices of that second day ask for, minor units.
 */
export async function subscribeMany(world: World, client: Client, count: number, dueAt: number): Promise<void> {
  if (!plan) throw new Error('there is no plan');
  const [subscriptionId, customerId, clockId] = [idFor('one'), idFor('customer of one'), idFor('clock of one')];
  const startAt = dueAt - day;
  await createClock(world.db, { id: clockId, name: null, now: iso(startAt) });
  await told(world, creationOf(plan), 'plan');
  await told(world, registrationOf({ customerId, clockId }), 'customer', clockId);
  const wish = { kind: 'plan', plan } as const;
  await told(
    world,
    subscriptionOf({ subscriptionId, customerId, wish, trialDays: 0, startAt }),
    'subscription',
    clockId,
  );
  await settled(client, subscriptionId);
  await client.query('begin');
  await copy(client, subscriptionId, customerId, count);
  await client.query('commit');
  await client.query('analyze');
}

/** Waits until the first day is paid, the second is invoiced and sent, and everybody is told. */
async function settled(client: Client, subscriptionId: string): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    const { rows } = await client.query<{ done: boolean }>(
      `select count(*) = 2 and bool_and(state in ('paid', 'sent')) and not exists (select from runtime.mailbox) as done
       from billing.invoices where subscription_id = $1`,
      [subscriptionId],
    );
    if (rows[0]?.done) return;
    await sleep(50);
  }
  throw new Error('the first subscription was not billed within a minute');
}

async function copy(client: Client, subscriptionId: string, customerId: string, count: number): Promise<void> {
  const invoices = await client.query<{ id: string; number: string }>(
    'select id, invoice_number as number from billing.invoices where subscription_id = $1 order by 2',
    [subscriptionId],
  );
  const payments = await client.query<{ id: string }>('select id from payments.payments');
  const actors = [subscriptionId, ...invoices.rows.map(({ id }) => id), ...payments.rows.map(({ id }) => id)];
  await makeFunctions(
    client,
    [customerId, ...actors],
    invoices.rows.map(({ number }) => number),
  );
  const these = `('${actors.join("', '")}')`;
  await copyRows(client, 'orders.customers', `customer_id = '${customerId}'`, count);
  for (const table of ['subscriptions.subscriptions', 'billing.invoices', 'payments.payments'])
    await copyRows(client, table, `id in ${these}`, count);
  for (const table of ['runtime.journal', 'runtime.timers'])
    await copyRows(client, table, `actor_id in ${these}`, count);
  await client.query('update billing.number_series set last_number = last_number + $1', [2 * count]);
}

/** `copied(text, n)`: a row as text, with the ids and numbers of the n-th copy. */
async function makeFunctions(client: Client, ids: readonly string[], numbers: readonly string[]): Promise<void> {
  const stem = numbers[0]?.replace(/\d+$/, '');
  const renamed = ids.reduce(
    (text, id) => `replace(${text}, '${id}', overlay('${id}' placing substr(md5('${id}' || n), 1, 12) from 25))`,
    'row_text',
  );
  const renumbered = numbers.reduce((text, number, index) => {
    const next = `(${numbers.length} * n + ${index + 1})::text`;
    return `replace(${text}, '${number}', '${stem}' || lpad(${next}, greatest(5, length(${next})), '0'))`;
  }, renamed);
  await client.query(
    `create function pg_temp.copied(row_text text, n int) returns text language sql immutable as $$ select ${renumbered} $$`,
  );
}

/** Copies rows of a table as often as is asked; to the real clock, and without what the database adds itself. */
async function copyRows(client: Client, table: string, where: string, count: number): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(column_name) as name from information_schema.columns
     where table_schema || '.' || table_name = $1 and is_generated = 'NEVER' and is_identity = 'NO' and column_name <> 'clock_id'`,
    [table],
  );
  const columns = rows.map(({ name }) => name);
  await client.query(
    `insert into ${table} (${columns.join(', ')})
     select ${columns.map((name) => `r.${name}`).join(', ')}
     from ${table} x cross join generate_series(1, ${count}) n
       cross join lateral jsonb_populate_record(null::${table}, pg_temp.copied(to_jsonb(x)::text, n)::jsonb) r
     where x.${where}`,
  );
}

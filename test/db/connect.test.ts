import { expect } from 'chai';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { type Link, openLink } from '../../scripts/chaos/link.js';
import { type Connection, connect } from '../../src/db/connect.js';
import { isTransient } from '../../src/runtime/outage.js';
import type { Trx } from '../../src/runtime/ports.js';
import { saveActors } from '../../src/runtime/writes.js';
import { actors } from '../../src/services/registry.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';
import { rowsRead } from './rowsRead.js';
import { storeActor } from './storeActor.js';

describe('a connection to PostgreSQL', () => {
  let database: TestDatabase;
  let link: Link;
  const open: Connection[] = [];
  before(async () => {
    database = await testDatabase();
    link = await openLink(Number(new URL(database.url).port || 5432));
  });
  afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));
  after(async () => {
    await link?.close();
    await database?.drop();
  });

  function connection(options: { transactionIdleMs?: number; silenceMs?: number } = {}): Connection['db'] {
    const url = new URL(database.url);
    url.port = String(link.port);
    const made = connect({ url: url.href, poolSize: 2, name: 'test', onError: () => undefined, ...options });
    open.push(made);
    return made.db;
  }

  /** The error of a promise that is to fail. */
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: unknown) => error,
    );

  it('is given up when PostgreSQL says nothing for too long, and another one is opened', async () => {
    const db = connection({ silenceMs: 300 });
    await sql`select 1`.execute(db);
    link.set({ kind: 'blackhole' });
    const error = await failure(sql`select 1`.execute(db));
    link.set({ kind: 'open' });
    expect(isTransient(error), String(error)).to.equal(true);
    await sql`select 1`.execute(db);
  });

  it('loses its transaction when its process leaves it alone, so that others get what it had locked', async () => {
    const db = connection({ transactionIdleMs: 200 });
    const lock = sql`select pg_advisory_xact_lock(4711)`;
    const error = await failure(
      db.transaction().execute(async (frozen) => {
        await lock.execute(frozen);
        await lock.execute(db);
        await sql`select 1`.execute(frozen);
      }),
    );
    expect(isTransient(error), String(error)).to.equal(true);
  });

  it('reads no more of a table than it changes, however much that has grown since the statement was prepared', async () => {
    const snapshot = (id: string) => {
      const context = { orderNumber: id, totalAmount: { amount: 100, currency: 'USD' } };
      return { value: 'pending', context, status: 'active' as const, armed: {} };
    };
    const ids = Array.from({ length: 300 }, () => uuidv7());
    const [first] = ids as [string];
    const save = (trx: Trx, before: number) => {
      const at = new Date().toISOString();
      const write = { id: first, before, version: before + 1, state: 'pending', snapshot: snapshot(first), at };
      return saveActors(trx, actors.order, [{ ...write, clockId: null, correlationId: first }]);
    };
    const read = await connection()
      .connection()
      .execute(async (db) => {
        const store = (id: string) =>
          storeActor(db, 'orders.orders', id, { state: 'pending', context: snapshot(id).context });
        await store(first);
        // From the sixth time on PostgreSQL keeps its plan.
        for (let version = 1; version < 10; version++) await db.transaction().execute((trx) => save(trx, version));
        for (const id of ids.slice(1)) await store(id);
        return db.transaction().execute(async (trx) => {
          const before = await rowsRead(trx, 'orders.orders');
          await save(trx, 10);
          return (await rowsRead(trx, 'orders.orders')) - before;
        });
      });
    expect(read).to.equal(1);
  });
});

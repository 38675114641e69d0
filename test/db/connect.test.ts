import { expect } from 'chai';
import { sql } from 'kysely';
import { type Link, openLink } from '../../scripts/chaos/link.js';
import { type Connection, connect } from '../../src/db/connect.js';
import { isTransient } from '../../src/runtime/outage.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';

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
});

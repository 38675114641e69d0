import { Socket } from 'node:net';
import { expect } from 'chai';
import { sql } from 'kysely';
import sinon from 'sinon';
import { type Connection, connect } from '../../src/db/connect.js';
import { together } from '../../src/runtime/together.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';

describe('statements that are sent together', () => {
  let database: TestDatabase;
  let connection: Connection;
  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 1, name: 'test', onError: () => undefined });
    await sql`create table public.told (position serial, word text unique)`.execute(connection.db);
  });
  after(async () => {
    await connection.close();
    await database.drop();
  });
  beforeEach(() => sql`truncate public.told restart identity`.execute(connection.db));

  const tell = (word: string) => sql`insert into public.told (word) values (${word})`;
  const told = async () => {
    const { rows } = await sql<{ word: string }>`select word from public.told order by position`.execute(connection.db);
    return rows.map((row) => row.word);
  };

  it('are all on their way before the first is answered, and done in the order in which they were begun', async () => {
    const write = sinon.spy(Socket.prototype, 'write');
    const sent = () => write.args.filter(([data]) => String(data).includes('insert into public.told')).length;
    try {
      const sentByThen = await connection.db.transaction().execute((trx) =>
        together(trx, (run) =>
          Promise.all(
            ['a', 'b', 'c'].map(async (word) => {
              await run(tell(word));
              return sent();
            }),
          ),
        ),
      );
      expect(sentByThen).to.deep.equal([3, 3, 3]);
    } finally {
      write.restore();
    }
    expect(await told()).to.deep.equal(['a', 'b', 'c']);
  });

  it('answer each what it asked', async () => {
    const answers = await connection.db
      .transaction()
      .execute((trx) =>
        together(trx, (run) =>
          Promise.all([run(sql<{ n: number }>`select 1 as n`), run(sql<{ n: number }>`select ${2}::int as n`)]),
        ),
      );
    expect(answers.map(({ rows }) => rows[0]?.n)).to.deep.equal([1, 2]);
  });

  it('can be prepared later when one before them has failed', async () => {
    const prepared = (word: string) => sql`/* prepared */ insert into public.told (word) values (${word})`;
    const failed = await connection.db
      .transaction()
      .execute((trx) => together(trx, (run) => Promise.all([run(sql`select 1 / 0`), run(prepared('a'))])))
      .catch((error: { code: string }) => error);
    expect(failed).to.include({ code: '22012' });
    for (const word of ['b', 'c']) await prepared(word).execute(connection.db);
    expect(await told()).to.deep.equal(['b', 'c']);
  });

  it('fail with the first error, leave nothing behind, and leave the connection as good as before', async () => {
    const failed = await connection.db
      .transaction()
      .execute((trx) => together(trx, (run) => Promise.all(['a', 'a', 'b', 'c'].map((word) => run(tell(word))))))
      .catch((error: { code: string }) => error);
    expect(failed).to.include({ code: '23505' });
    expect(await told()).to.deep.equal([]);
    await connection.db.transaction().execute((trx) => tell('d').execute(trx));
    expect(await told()).to.deep.equal(['d']);
  });
});

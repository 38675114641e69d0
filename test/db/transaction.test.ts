import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { sql } from 'kysely';
import { Client } from 'pg';
import sinon from 'sinon';
import { type Connection, connect } from '../../src/db/connect.js';
import { transaction } from '../../src/db/transaction.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';

describe('the statements of a transaction', () => {
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
      const sentByThen = await transaction(connection.db, (trx) =>
        Promise.all(
          ['a', 'b', 'c'].map(async (word) => {
            await tell(word).execute(trx);
            return sent();
          }),
        ),
      );
      expect(sentByThen).to.deep.equal([3, 3, 3]);
    } finally {
      write.restore();
    }
    expect(await told()).to.deep.equal(['a', 'b', 'c']);
  });

  it('answer each what it asked', async () => {
    const answers = await transaction(connection.db, (trx) =>
      Promise.all([
        sql<{ n: number }>`select 1 as n`.execute(trx),
        sql<{ n: number }>`select ${2}::int as n`.execute(trx),
      ]),
    );
    expect(answers.map(({ rows }) => rows[0]?.n)).to.deep.equal([1, 2]);
  });

  it('can be prepared later when one before them has failed', async () => {
    const prepared = (word: string) => sql`/* prepared */ insert into public.told (word) values (${word})`;
    const failed = await transaction(connection.db, (trx) =>
      Promise.all([sql`select 1 / 0`.execute(trx), prepared('a').execute(trx)]),
    ).catch((error: { code: string }) => error);
    expect(failed).to.include({ code: '22012' });
    for (const word of ['b', 'c']) await prepared(word).execute(connection.db);
    expect(await told()).to.deep.equal(['b', 'c']);
  });

  it('fail with the first error, leave nothing behind, and leave the connection as good as before', async () => {
    const failed = await transaction(connection.db, (trx) =>
      Promise.all(['a', 'a', 'b', 'c'].map((word) => tell(word).execute(trx))),
    ).catch((error: { code: string }) => error);
    expect(failed).to.include({ code: '23505' });
    expect(await told()).to.deep.equal([]);
    await transaction(connection.db, (trx) => tell('d').execute(trx));
    expect(await told()).to.deep.equal(['d']);
  });

  it('fail with the first error, whoever listens to it from how far and however busy the process is', async () => {
    const far = async (trx: typeof connection.db, layers: number): Promise<unknown> =>
      layers > 0 ? await far(trx, layers - 1) : await sql`select 1 / 0`.execute(trx);
    const busy = (ms: number) => {
      for (const until = performance.now() + ms; performance.now() < until; );
    };
    for (let round = 0; round < 10; round++) {
      const failing = transaction(connection.db, (trx) => Promise.all([far(trx, 3), sql`select 1`.execute(trx)]));
      setImmediate(() => busy(5));
      expect(await failing.catch((error: { code: string }) => error)).to.include({ code: '22012' });
    }
  });

  it('fail all together when one of them did and nobody minded', async () => {
    const failed = await transaction(connection.db, async (trx) => {
      await tell('a').execute(trx);
      await sql`select 1 / 0`.execute(trx).catch(() => undefined);
    }).catch((error: { code: string }) => error);
    expect(failed).to.include({ code: '22012' });
    expect(await told()).to.deep.equal([]);
  });

  it('leave nothing behind when what is done between them fails', async () => {
    const failed = await transaction(connection.db, async (trx) => {
      await tell('a').execute(trx);
      throw new Error('changed my mind');
    }).catch((error: Error) => error.message);
    expect(failed).to.equal('changed my mind');
    expect(await told()).to.deep.equal([]);
  });

  it('are refused once it is over: they would be stored by themselves', async () => {
    let late: Promise<unknown> = Promise.resolve();
    const slow = async (trx: Parameters<Parameters<typeof transaction>[1]>[0]) => {
      await sleep(50);
      await tell('late').execute(trx);
    };
    const failed = await transaction(connection.db, (trx) => {
      late = slow(trx).catch((error: Error) => error.message);
      return Promise.all([late, sql`select 1 / 0`.execute(trx)]);
    }).catch((error: { code: string }) => error);
    expect(failed).to.include({ code: '22012' });
    expect(await late).to.equal('the transaction is over');
    const kept: (typeof connection.db)[] = [];
    await transaction(connection.db, async (trx) => void kept.push(trx));
    const [over] = kept as [typeof connection.db];
    expect(
      await tell('later')
        .execute(over)
        .catch((error: Error) => error.message),
    ).to.equal('the transaction is over');
    expect(await told()).to.deep.equal([]);
  });

  it('are not stored one by one when it could not begin', async () => {
    const { query } = Client.prototype;
    const asked = sinon.stub(Client.prototype, 'query').callsFake(function (this: Client, ...args: never[]) {
      if (String(args[0]) === 'begin') return Promise.reject(new Error('cancelled'));
      return (query as (...all: never[]) => unknown).apply(this, args);
    } as never);
    try {
      const failed = await transaction(connection.db, async (trx) => {
        await sql`select 1`.execute(trx);
        await tell('alone').execute(trx);
      }).catch((error: Error) => error.message);
      expect(failed).to.equal('cancelled');
    } finally {
      asked.restore();
    }
    expect(await told()).to.deep.equal([]);
  });
});

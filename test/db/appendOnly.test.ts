import { expect } from 'chai';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { type Connection, connect } from '../../src/db/connect.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';

describe('what happened', () => {
  let database: TestDatabase;
  let connection: Connection;
  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 1, name: 'test', onError: () => undefined });
    const id = uuidv7();
    await sql`insert into runtime.journal (recipient, actor_id, message_id, type, data, correlation_id, outcome, at)
      values ('order', ${id}, ${id}, 'OrderPlaced', '{}', ${id}, 'applied', now())`.execute(connection.db);
    await sql`insert into runtime.event_log (id, channel, type, version, source, subject, data, correlation_id, time)
      values (${id}, 'c', 'OrderPlaced', '1.0.0', '/order', ${id}, '{}', ${id}, now())`.execute(connection.db);
  });
  after(async () => {
    await connection.close();
    await database.drop();
  });

  for (const table of ['journal', 'event_log']) {
    for (const change of [`update runtime.${table} set type = 'X'`, `delete from runtime.${table}`]) {
      it(`stays as it was written: ${change}`, async () => {
        const refused = await sql
          .raw(change)
          .execute(connection.db)
          .catch((error: Error) => error);
        expect(refused).to.be.instanceOf(Error);
        expect((refused as Error).message).to.include('is append-only');
      });
    }
  }
});

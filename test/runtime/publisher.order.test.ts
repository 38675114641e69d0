import { expect } from 'chai';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { Publisher } from '../../src/runtime/publisher.js';
import { startToy, type Toy } from './toy.js';

describe('the publisher, when transaction numbers grow by a digit', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy();
  });
  after(() => toy.close());

  it('publishes in the order of the numbers, each event once', async () => {
    for (const xid of ['9', '10', '99', '100']) {
      await sql`
        insert into runtime.event_log (xid, id, channel, type, version, source, subject, data, correlation_id, time)
        values (${xid}::xid8, ${uuidv7()}, 'game', 'Joined', '1.0.0', '/toy', ${uuidv7()}, ${JSON.stringify({ xid })}, ${uuidv7()}, now())`.execute(
        toy.db,
      );
    }
    const published: unknown[] = [];
    const publisher = new Publisher({
      db: toy.db,
      append: (events) => {
        published.push(...events.map(({ data, position }) => [JSON.parse(data).xid, position]));
        return Promise.resolve();
      },
      lastIn: () => Promise.resolve(0),
      onError: () => undefined,
    });
    expect(await publisher.publish()).to.equal(4);
    expect(await publisher.publish()).to.equal(0);
    expect(published).to.deep.equal([
      ['9', 1],
      ['10', 2],
      ['99', 3],
      ['100', 4],
    ]);
  });
});

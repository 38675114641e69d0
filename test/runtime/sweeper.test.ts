import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import type { Ref } from '../../src/runtime/routing.js';
import { rowsRead } from '../db/rowsRead.js';
import { startToy, type Toy } from './toy.js';

describe('the sweeper (invariant 3)', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy({ wakeAfterMs: 5000 });
  });
  after(() => toy.close());
  beforeEach(async () => {
    await toy.db.deleteFrom('runtime.mailbox').execute();
    toy.refs.length = 0;
  });

  /** Lets everything that waits have waited so much longer. */
  const pass = (seconds: number) =>
    sql`update runtime.mailbox set sent_at = sent_at - ${seconds} * interval '1 second', wake_at = wake_at - ${seconds} * interval '1 second'`.execute(
      toy.db,
    );

  const waitingFor = async (...texts: string[]) => {
    const to = uuidv7();
    for (const text of texts) await toy.send('Note', { to, text });
    return to;
  };
  const secondsUntilWoken = async (id: string) => {
    const { rows } = await sql<{ seconds: string }>`
      select extract(epoch from wake_at - clock_timestamp()) as seconds from runtime.mailbox where actor_id = ${id}`.execute(
      toy.db,
    );
    return Number(rows[0]?.seconds);
  };

  it('hands a message that nobody fetched to its queue again', async () => {
    const to = await waitingFor('a');
    const [row] = await toy.mailbox(to);
    expect(await toy.createSweeper().sweep()).to.deep.equal({ fired: 0, woken: 1 });
    expect(toy.refs).to.deep.equal([{ id: row?.id, type: 'Note', recipient: 'player', actorId: to, queue: 'players' }]);
  });

  it('leaves what was sent just now to its packet', async () => {
    const partner = await toy.join();
    const id = await toy.join(partner);
    await toy.tell('Ball', { to: id, left: 1 });
    expect(await toy.createSweeper().sweep()).to.deep.equal({ fired: 0, woken: 0 });
    await pass(5);
    expect(await toy.createSweeper().sweep()).to.deep.equal({ fired: 0, woken: 1 });
  });

  it('does not hand it over again before it had its time', async () => {
    await waitingFor('a');
    const sweeper = toy.createSweeper();
    await sweeper.sweep();
    expect(await sweeper.sweep()).to.include({ woken: 0 });
    await pass(5);
    expect(await sweeper.sweep()).to.include({ woken: 1 });
  });

  it('looks at what is due only, however much waits for later', async () => {
    await Promise.all(Array.from({ length: 50 }, () => waitingFor('a', 'b', 'c', 'd')));
    await pass(-3600);
    await sql`
      insert into runtime.timers (recipient, actor_id, name, visit, due_at, correlation_id, causation_id)
      select 'player', gen_random_uuid(), 'xstate.after.later', 1, now() + interval '1 hour', gen_random_uuid(), gen_random_uuid()
      from generate_series(1, 200)`.execute(toy.db);
    const read = await toy.db.transaction().execute(async (trx) => {
      const before = await rowsRead(trx, 'runtime.mailbox', 'runtime.timers');
      await toy.createSweeper({ engine: { ...toy.engine, db: trx } }).sweep();
      return (await rowsRead(trx, 'runtime.mailbox', 'runtime.timers')) - before;
    });
    // It counts what waits, but no more than 50 of it.
    expect(read).to.be.at.most(50);
    await toy.db.deleteFrom('runtime.timers').execute();
  });

  it('hands each over once, however many sweepers there are', async () => {
    await Promise.all(Array.from({ length: 60 }, () => waitingFor('a')));
    const sweepers = Array.from({ length: 4 }, () => toy.createSweeper({ limit: 20 }));
    await Promise.all([...sweepers, ...sweepers].map((sweeper) => sweeper.sweep()));
    expect(toy.refs).to.have.length(60);
    expect(new Set(toy.refs.map((ref) => ref.id)).size).to.equal(60);
  });

  it('lets deferred messages wait for their actor, and leased ones for their holder', async () => {
    const to = await waitingFor('deferred', 'leased', 'abandoned');
    const [deferred, leased, abandoned] = await toy.mailbox(to);
    await sql`update runtime.mailbox set deferred = seq = ${deferred?.seq},
      lease_until = case seq when ${leased?.seq} then now() + interval '5 seconds' when ${abandoned?.seq} then now() end`.execute(
      toy.db,
    );
    await toy.createSweeper().sweep();
    expect(toy.refs.map((ref) => ref.id)).to.deep.equal([abandoned?.id]);
  });

  it('wakes a message that has waited long less often, so that a long queue does not grow by being swept', async () => {
    const to = await waitingFor('a');
    await pass(20);
    await toy.createSweeper().sweep();
    expect(await secondsUntilWoken(to)).to.be.within(9, 11);
  });

  it('but at least once a minute, so that hours without Redis do not cost hours more', async () => {
    const to = await waitingFor('a');
    await pass(5 * 3600);
    await toy.createSweeper().sweep();
    expect(await secondsUntilWoken(to)).to.be.within(55, 60);
  });

  it('takes no more than its bound at once, and goes on at once when there is more', async () => {
    await Promise.all(Array.from({ length: 35 }, () => waitingFor('a')));
    const sizes: number[] = [];
    const handOff = async (refs: readonly Ref[]) => {
      sizes.push(refs.length);
    };
    const sweeper = toy.createSweeper({ limit: 10, intervalMs: 400, handOff });
    sweeper.start();
    await sleep(700);
    await sweeper.stop();
    expect(sizes.slice(0, 4)).to.deep.equal([10, 10, 10, 5]);
  });

  it('sweeps again and again until it is stopped, and survives a failure', async () => {
    const errors: unknown[] = [];
    let sweeps = 0;
    const handOff = async () => {
      sweeps++;
      if (sweeps === 1) throw new Error('Redis is away');
    };
    const sweeper = toy.createSweeper({ intervalMs: 10, handOff, onError: (error) => errors.push(error) });
    sweeper.start();
    await sleep(300);
    await sweeper.stop();
    const stopped = sweeps;
    expect(stopped).to.be.above(2);
    expect(errors.map(String)).to.deep.equal(['Error: Redis is away']);
    await sleep(50);
    expect(sweeps).to.equal(stopped);
  });

  it('waits, when it is stopped, for the sweep that is going on', async () => {
    let done = false;
    const handOff = async () => {
      await sleep(100);
      done = true;
    };
    const sweeper = toy.createSweeper({ intervalMs: 1, handOff });
    sweeper.start();
    await sleep(50);
    await sweeper.stop();
    expect(done).to.equal(true);
  });
});

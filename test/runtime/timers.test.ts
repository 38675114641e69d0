import { expect } from 'chai';
import { sql } from 'kysely';
import sinon from 'sinon';
import { startToy, type Toy } from './toy.js';

describe('a timer (invariant 6)', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy();
  });
  after(() => toy.close());

  const timersOf = (id: string) => toy.db.selectFrom('runtime.timers').selectAll().where('actor_id', '=', id).execute();
  const makeDue = (id: string) =>
    sql`update runtime.timers set due_at = now() - interval '1 second' where actor_id = ${id}`.execute(toy.db);
  const resting = async (ms = 60_000) => {
    const id = await toy.join();
    await toy.tell('Rest', { to: id, ms });
    return id;
  };

  it('is a row: who, when by the database’s clock, and the visit that set it', async () => {
    const id = await resting(60_000);
    const [timer, ...others] = await timersOf(id);
    expect(others).to.deep.equal([]);
    expect(timer).to.include({ recipient: 'player', name: 'xstate.after.rest.player.resting', visit: 2 });
    const { rows } = await sql<{ ms: string }>`
      select extract(epoch from due_at - (select at from runtime.journal where actor_id = ${id} and version = 2)) * 1000 as ms
      from runtime.timers where actor_id = ${id}`.execute(toy.db);
    expect(Number(rows[0]?.ms)).to.equal(60_000);
  });

  it('is taken down when its state is left, and replaced when it is entered again', async () => {
    const id = await resting();
    await toy.tell('Rest', { to: id, ms: 5000 });
    expect((await timersOf(id)).map((timer) => timer.visit)).to.deep.equal([3]);
    await toy.tell('Wake', { to: id });
    expect(await timersOf(id)).to.deep.equal([]);
  });

  it('that is set and taken down within one drain leaves nothing', async () => {
    const id = await toy.join();
    await toy.send('Rest', { to: id, ms: 5000 });
    await toy.send('Wake', { to: id });
    await toy.drain(id);
    expect(await timersOf(id)).to.deep.equal([]);
  });

  it('that is due becomes a message with its visit and its cause, and moves its actor', async () => {
    const id = await resting();
    await makeDue(id);
    toy.refs.length = 0;
    await toy.createSweeper().sweep();
    const name = 'xstate.after.rest.player.resting';
    expect(toy.refs.map(({ type, actorId, queue }) => ({ type, actorId, queue }))).to.deep.equal([
      { type: name, actorId: id, queue: 'timers' },
    ]);
    expect(await timersOf(id)).to.deep.equal([]);
    await toy.drain(id);
    expect(await toy.state(id)).to.include({ state: 'rested', version: 3 });
    const [rest, fired] = await toy.db
      .selectFrom('runtime.journal')
      .select(['message_id', 'type', 'data', 'correlation_id', 'causation_id'])
      .where('actor_id', '=', id)
      .where('version', '>', 1)
      .orderBy('version')
      .execute();
    expect(fired).to.deep.include({
      type: name,
      data: { visit: 2 },
      causation_id: rest?.message_id,
      correlation_id: rest?.correlation_id,
    });
    expect(fired?.message_id, 'a UUIDv7 of now').to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
    expect(Number.parseInt(fired?.message_id.replace('-', '').slice(0, 12) ?? '', 16)).to.be.closeTo(
      Date.now(),
      10_000,
    );
  });

  it('fires once, however many sweepers there are', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => resting()));
    await Promise.all(ids.map(makeDue));
    const sweepers = Array.from({ length: 4 }, () => toy.createSweeper({ limit: 15 }));
    const sweeps = await Promise.all([...sweepers, ...sweepers].map((sweeper) => sweeper.sweep()));
    expect(sweeps.reduce((sum, { fired }) => sum + fired, 0)).to.equal(40);
    for (const id of ids) expect(await toy.mailbox(id)).to.have.length(1);
    await toy.drain(...ids);
    for (const id of ids) expect(await toy.state(id)).to.include({ state: 'rested', version: 3 });
  });

  it('is neither set nor fired early by a process whose clock is fast', async () => {
    const clock = sinon.useFakeTimers({ now: Date.now() + 86_400_000, toFake: ['Date'] });
    try {
      const id = await resting(60_000);
      const { rows } = await sql<{ seconds: string }>`
        select extract(epoch from due_at - now()) as seconds from runtime.timers where actor_id = ${id}`.execute(
        toy.db,
      );
      expect(Number(rows[0]?.seconds)).to.be.within(30, 60);
      expect(await toy.createSweeper().sweep()).to.include({ fired: 0 });
      expect(await timersOf(id)).to.have.length(1);
    } finally {
      clock.restore();
    }
  });

  it('of an earlier visit, already on its way when its state is entered anew, does nothing', async () => {
    const id = await resting();
    await makeDue(id);
    await toy.send('Rest', { to: id, ms: 90_000 });
    await toy.createSweeper().sweep();
    await toy.drain(id);
    expect(await toy.state(id)).to.include({ state: 'resting', version: 3 });
    expect((await timersOf(id)).map((timer) => timer.visit)).to.deep.equal([3]);
    expect((await toy.journal(id)).at(-1)).to.include({ outcome: 'ignored', reason: 'timer of an earlier visit' });
  });

  it('of an actor with a clock of its own waits for that clock', async () => {
    const id = await resting();
    await sql`update runtime.timers set clock_id = gen_random_uuid() where actor_id = ${id}`.execute(toy.db);
    await makeDue(id);
    expect(await toy.createSweeper().sweep()).to.include({ fired: 0 });
  });

  it('lets many that are due at once in as those before them are dealt with, and a few in any case', async () => {
    await toy.db.deleteFrom('runtime.mailbox').execute();
    const ids = await Promise.all(Array.from({ length: 30 }, () => resting()));
    for (const id of ids) await makeDue(id);
    const sweeper = toy.createSweeper({ share: 20 });
    expect(await sweeper.sweep()).to.include({ fired: 20 });
    expect(await sweeper.sweep()).to.include({ fired: 4 });
    for (const id of ids) await toy.drain(id);
    expect(await sweeper.sweep()).to.include({ fired: 6 });
  });
});

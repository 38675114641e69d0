import { expect } from 'chai';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { drain } from '../../src/runtime/drain.js';
import { fold, readJournal } from '../../src/runtime/fold.js';
import type { Trx } from '../../src/runtime/ports.js';
import { type Key, lockActors, tryLockActors } from '../../src/runtime/store.js';
import { ConcurrentWriteError } from '../../src/runtime/writes.js';
import { eventually } from '../support/eventually.js';
import { player } from './player.js';
import { startToy, type Toy } from './toy.js';

describe('a drain', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy();
  });
  after(() => toy.close());

  const count = async (table: string, actorId?: string): Promise<number> => {
    const { rows } = await sql<{ n: string }>`
      select count(*) as n from ${sql.raw(`runtime.${table}`)} where ${actorId ? sql`actor_id = ${actorId}` : sql`true`}`.execute(
      toy.db,
    );
    return Number(rows[0]?.n);
  };

  it('brings an actor to life, journals why, and logs the public event', async () => {
    const id = await toy.join();
    expect(await toy.state(id)).to.include({ state: 'playing', version: 1 });
    const [row] = await toy.db.selectFrom('runtime.journal').selectAll().where('actor_id', '=', id).execute();
    expect(row).to.include({
      type: 'Join',
      outcome: 'applied',
      state_before: null,
      state_after: 'playing',
      version: 1,
      machine_version: 1,
    });
    const events = await toy.db.selectFrom('runtime.event_log').selectAll().where('subject', '=', id).execute();
    expect(events.map((event) => event.type)).to.deep.equal(['Joined']);
  });

  it('logs no more of a public event than the outside may see (invariant 10)', async () => {
    const id = await toy.join(uuidv7());
    const event = await toy.db
      .selectFrom('runtime.event_log')
      .select('data')
      .where('subject', '=', id)
      .executeTakeFirst();
    expect(event?.data).to.deep.equal({ id });
  });

  it('consumes a message by deleting its row, so that a second delivery finds nothing (invariant 2)', async () => {
    const id = await toy.join();
    await toy.send('Ball', { to: id, left: 0 });
    await toy.drain(id);
    await toy.drain(id);
    expect((await toy.state(id))?.context.hits).to.equal(1);
    expect(await count('mailbox', id)).to.equal(0);
  });

  it('sends what the machine emits with the cause of it, to a mailbox and to the queue', async () => {
    const partner = await toy.join();
    const id = await toy.join(partner);
    const cause = await toy.send('Ball', { to: id, left: 1 });
    await toy.drain(id);
    const sent = await toy.db
      .selectFrom('runtime.mailbox')
      .selectAll()
      .where('actor_id', '=', partner)
      .executeTakeFirstOrThrow();
    expect(sent).to.include({
      type: 'Ball',
      causation_id: cause,
      correlation_id: cause,
      source: `/player/${id}`,
      queue: 'players',
    });
    expect(toy.refs.some((ref) => ref.id === sent.id && ref.queue === 'players')).to.equal(true);
    await toy.drain(partner);
    expect((await toy.state(partner))?.context.hits).to.equal(1);
  });

  it('takes all messages of an actor in the order in which they were sent (invariant 4)', async () => {
    const id = await toy.join();
    for (const text of ['a', 'b', 'c', 'd', 'e']) await toy.send('Note', { to: id, text });
    await toy.drain(id);
    expect((await toy.state(id))?.context.heard).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
  });

  it('defers what a later state takes, in order, and retries it after the next transition (invariant 4)', async () => {
    const id = await toy.join();
    await toy.send('Rest', { to: id, ms: 60_000 });
    await toy.send('Note', { to: id, text: 'first' });
    await toy.drain(id);
    await toy.send('Note', { to: id, text: 'second' });
    await toy.drain(id);
    const waiting = await toy.db
      .selectFrom('runtime.mailbox')
      .select(['deferred'])
      .where('actor_id', '=', id)
      .execute();
    expect(waiting.map((row) => row.deferred)).to.deep.equal([true, true]);
    await toy.send('Wake', { to: id });
    await toy.drain(id);
    expect((await toy.state(id))?.context.heard).to.deep.equal(['first', 'second']);
    expect(await count('mailbox', id)).to.equal(0);
  });

  it('journals what no state can take as ignored, with the state and the reason (invariant 4)', async () => {
    const id = await toy.join();
    await toy.send('Wake', { to: id });
    await toy.drain(id);
    const row = await toy.db
      .selectFrom('runtime.journal')
      .selectAll()
      .where('actor_id', '=', id)
      .where('type', '=', 'Wake')
      .executeTakeFirstOrThrow();
    expect(row).to.include({
      outcome: 'ignored',
      state_before: 'playing',
      reason: 'playing does not take Wake',
      version: 1,
    });
  });

  it('ignores a message to an actor that does not exist, and a second creation', async () => {
    const nobody = uuidv7();
    await toy.send('Wake', { to: nobody });
    await toy.drain(nobody);
    expect(await toy.state(nobody)).to.equal(null);
    const row = await toy.db
      .selectFrom('runtime.journal')
      .selectAll()
      .where('actor_id', '=', nobody)
      .executeTakeFirstOrThrow();
    expect(row).to.include({ outcome: 'ignored', reason: 'there is no such player' });
  });

  it('asks a handler inside the same transaction and hears the answer before the next message', async () => {
    const id = await toy.join();
    await toy.send('Judge', { to: id });
    await toy.send('Rest', { to: id, ms: 60_000 });
    await toy.drain(id);
    // Had Rest come first, the verdict would have been ignored by resting.
    expect(await toy.state(id)).to.include({ state: 'resting', version: 4 });
    expect((await toy.state(id))?.context.verdicts).to.equal(1);
  });

  it('gives a handler all waiting messages at once', async () => {
    const ids = await Promise.all([toy.join(), toy.join(), toy.join()]);
    for (const to of ids) await toy.send('Judge', { to });
    toy.referee.calls.length = 0;
    await toy.drain(...ids);
    expect(toy.referee.calls).to.deep.equal([3]);
  });

  it('stores nothing at all when the transaction fails (invariant 2)', async () => {
    const partner = await toy.join();
    const id = await toy.join(partner);
    await toy.send('Ball', { to: id, left: 1 });
    await toy.send('Judge', { to: id });
    toy.referee.failOn = () => true;
    const failed = await drain(toy.engine, { units: [{ recipient: 'player', actorId: id }] }).catch(
      (error: Error) => error,
    );
    toy.referee.failOn = null;
    expect(failed).to.be.instanceOf(Error);
    expect(await toy.state(id)).to.include({ version: 1 });
    expect(await count('mailbox', id)).to.equal(2);
    expect(await count('mailbox', partner)).to.equal(0);
    await toy.drain(id);
    expect(await toy.state(id)).to.include({ version: 4 });
  });

  it('stores nothing at all even when only the last of its statements fails (invariant 2)', async () => {
    const partner = await toy.join();
    const id = await toy.join(partner);
    await toy.tell('Rest', { to: id, ms: 60_000 });
    await toy.send('Wake', { to: id });
    await toy.send('Ball', { to: id, left: 1 });
    const before = await Promise.all([toy.state(id), toy.mailbox(id), toy.journal(id), count('timers', id)]);
    await sql`alter table runtime.event_log add constraint broken check (false) not valid`.execute(toy.db);
    const failed = await drain(toy.engine, { units: [{ recipient: 'player', actorId: id }] }).catch(
      (error: Error) => error,
    );
    await sql`alter table runtime.event_log drop constraint broken`.execute(toy.db);
    expect(failed).to.be.instanceOf(Error);
    expect(await Promise.all([toy.state(id), toy.mailbox(id), toy.journal(id), count('timers', id)])).to.deep.equal(
      before,
    );
    expect(await count('mailbox', partner)).to.equal(0);
  });

  it('folds the journal to the stored snapshot, byte for byte (invariant 7)', async () => {
    const id = await toy.join();
    await toy.send('Note', { to: id, text: 'x' });
    await toy.send('Rest', { to: id, ms: 60_000 });
    await toy.send('Note', { to: id, text: 'y' });
    await toy.send('Ball', { to: id, left: 0 });
    await toy.send('Wake', { to: id });
    await toy.drain(id);
    const folded = fold(player, await readJournal(toy.db, 'player', id));
    const { rows } = await sql<{ same: boolean; version: number }>`
      select snapshot::text = ${JSON.stringify(folded?.snapshot)}::jsonb::text as same, version from toy.players where id = ${id}`.execute(
      toy.db,
    );
    expect(rows[0]).to.deep.equal({ same: true, version: folded?.version });
  });

  describe('beside another drain of the same actors', () => {
    const somebodyWaits = (db: Trx) =>
      eventually('somebody waits for a lock', async () => {
        const { rows } = await sql`select from pg_locks where locktype = 'advisory' and not granted
          and database = (select oid from pg_database where datname = current_database())`.execute(db);
        return rows.length > 0;
      });

    it('waits until that one is done before it even looks (invariant 2)', async () => {
      const id = await toy.join();
      await toy.send('Judge', { to: id });
      let goOn: () => void = () => undefined;
      const blocked = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      toy.referee.calls.length = 0;
      toy.referee.act = () => blocked;
      const units = [{ recipient: 'player', actorId: id }];
      const drains = [drain(toy.engine, { units }), drain(toy.engine, { units })];
      await somebodyWaits(toy.db);
      goOn();
      toy.referee.act = null;
      const consumed = (await Promise.all(drains)).map((drained) => drained.consumed);
      expect(consumed.sort(), 'Judge, AskReferee and Verdict, and nothing').to.deep.equal([0, 3]);
      expect(toy.referee.calls).to.deep.equal([1]);
    });

    it('locks in one order, whatever the order in which it is asked, so that no two wait for each other', async () => {
      const keys = await Promise.all([toy.join(), toy.join()]);
      const [one, other] = keys.map((actorId) => ({ recipient: 'player', actorId })) as [Key, Key];
      /** Whether the other is still free while somebody waits for one. */
      const isFree = (order: readonly Key[]) =>
        toy.db.transaction().execute(async (trx) => {
          await lockActors(trx, [one]);
          const waiting = toy.db.transaction().execute((theirs) => lockActors(theirs, order));
          await somebodyWaits(trx);
          const [free] = await tryLockActors(trx, [other]);
          return { free: free !== undefined, waiting };
        });
      const asked = [await isFree([one, other]), await isFree([other, one])];
      await Promise.all(asked.map(({ waiting }) => waiting));
      expect(asked[0]?.free).to.equal(asked[1]?.free);
    });

    it('does not write over what somebody has written without the lock', async () => {
      const id = await toy.join();
      await toy.send('Judge', { to: id });
      toy.referee.act = async () => {
        await sql`update toy.players set version = version + 1 where id = ${id}`.execute(toy.db);
      };
      const drained = drain(toy.engine, { units: [{ recipient: 'player', actorId: id }] });
      const error = await drained.then(
        () => null,
        (reason: unknown) => reason,
      );
      toy.referee.act = null;
      expect(error).to.be.instanceOf(ConcurrentWriteError);
      expect(await toy.state(id)).to.deep.include({ version: 2 });
      expect((await toy.mailbox(id)).map(({ type }) => type)).to.deep.equal(['Judge']);
    });

    it('serialises on the actor’s lock and loses no update (invariant 2)', async () => {
      const ids = await Promise.all(Array.from({ length: 6 }, () => toy.join()));
      const rounds = Array.from({ length: 20 }, async (_, round) => {
        await Promise.all(ids.map((to) => toy.send('Ball', { to, left: 0 })));
        const order = round % 2 ? ids : [...ids].reverse();
        await drain(toy.engine, { units: order.map((actorId) => ({ recipient: 'player', actorId })) });
      });
      await Promise.all(rounds);
      await toy.drain(...ids);
      for (const id of ids) expect((await toy.state(id))?.context.hits).to.equal(20);
    });
  });
});

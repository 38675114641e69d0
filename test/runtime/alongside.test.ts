import { expect } from 'chai';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { drain } from '../../src/runtime/drain.js';
import type { Effects } from '../../src/runtime/effects.js';
import type { Engine } from '../../src/runtime/engine.js';
import type { Lane } from '../../src/runtime/lane.js';
import { lockActors } from '../../src/runtime/store.js';
import type { DrainOptions } from '../../src/runtime/work.js';
import { startToy, type Toy } from './toy.js';

describe('a drain in a process that serves the receivers', () => {
  let toy: Toy;
  let serving: Engine;
  before(async () => {
    toy = await startToy();
    serving = { ...toy.engine, serves: () => true };
  });
  after(() => toy.close());
  beforeEach(() => {
    toy.refs.length = 0;
  });

  /** Drains mailboxes in one transaction. */
  const drained = (ids: readonly string[], options: DrainOptions = {}) =>
    drain(serving, { units: ids.map((actorId) => ({ recipient: 'player', actorId })) }, options);
  const pair = async (): Promise<[string, string]> => {
    const [one, other] = [uuidv7(), uuidv7()];
    await toy.join(other, one);
    await toy.join(one, other);
    return [one, other];
  };
  const hits = async (id: string) => (await toy.state(id))?.context.hits;

  it('takes messages along to them in one transaction, without a mailbox or a queue in between', async () => {
    const [one, other] = await pair();
    await toy.send('Ball', { to: one, left: 3 });
    const { refs, consumed } = await drained([one]);
    expect(refs).to.deep.equal([]);
    expect(consumed, 'the ball was hit four times').to.equal(4);
    expect([await hits(one), await hits(other)]).to.deep.equal([2, 2]);
    expect([...(await toy.mailbox(one)), ...(await toy.mailbox(other))]).to.deep.equal([]);
  });

  it('writes into the journal what caused what, in the order in which it happened', async () => {
    const [one, other] = await pair();
    const first = await toy.send('Ball', { to: one, left: 2 });
    await drained([one]);
    const { rows } = await sql<{ actor_id: string; message_id: string; causation_id: string | null }>`
      select actor_id, message_id, causation_id from runtime.journal where correlation_id = ${first} order by seq`.execute(
      toy.db,
    );
    expect(rows.map((row) => row.actor_id)).to.deep.equal([one, other, one]);
    expect(rows.map((row) => row.causation_id)).to.deep.equal([null, rows[0]?.message_id, rows[1]?.message_id]);
  });

  it('sends by queue to those whom the process does not serve', async () => {
    const [one, other] = await pair();
    await toy.send('Ball', { to: one, left: 1 });
    const { refs } = await drain(
      { ...serving, serves: () => false },
      { units: [{ recipient: 'player', actorId: one }] },
    );
    expect(refs.map(({ actorId }) => actorId)).to.deep.equal([other]);
    expect(await toy.mailbox(other)).to.have.lengthOf(1);
  });

  it('leaves a receiver alone whom somebody else is at; the message waits in its mailbox', async () => {
    const [one, other] = await pair();
    await toy.send('Ball', { to: one, left: 1 });
    await toy.db.transaction().execute(async (trx) => {
      await lockActors(trx, [{ recipient: 'player', actorId: other }]);
      const { refs } = await drained([one]);
      expect(refs.map(({ actorId }) => actorId)).to.deep.equal([other]);
    });
    expect(await hits(other)).to.equal(0);
    await toy.drain(other);
    expect(await hits(other)).to.equal(1);
  });

  it('gives a receiver first what waits in its mailbox (invariant 4)', async () => {
    const [one, other] = await pair();
    await toy.send('Note', { to: other, text: 'first' });
    await toy.send('Garble', { to: one });
    // Garble is poison: its whisper must not be heard either.
    await drained([one]);
    expect((await toy.state(other))?.context.heard, 'poison has said nothing').to.deep.equal([]);
    await toy.send('Ball', { to: one, left: 1 });
    await drained([one]);
    expect((await toy.state(other))?.context).to.deep.include({ heard: ['first'], hits: 1 });
  });

  it('lets a receiver that is in backoff keep its order: the message waits behind', async () => {
    const [one, other] = await pair();
    await toy.send('Boom', { to: other, times: 1, text: 'boom' });
    await toy.drain(other);
    await toy.send('Ball', { to: one, left: 1 });
    await drained([one]);
    expect(await hits(other)).to.equal(0);
    expect((await toy.mailbox(other)).map(({ type }) => type)).to.deep.equal(['Boom', 'Ball']);
    await toy.endWait(other);
    await toy.drain(other);
    expect((await toy.state(other))?.context).to.deep.include({ heard: ['boom'], hits: 2 });
  });

  it('gives a handler nothing along while something waits in its mailbox (invariant 4)', async () => {
    const id = await toy.join();
    await toy.send('CallReferee', { to: id });
    await toy.send('Appeal', { to: id });
    toy.referee.calls.length = 0;
    const { refs } = await drained([id]);
    expect(refs.map(({ type }) => type)).to.deep.equal(['CallReferee']);
    expect(toy.referee.calls).to.deep.equal([]);
    await toy.lane.submit({ recipient: 'referee', actorId: id });
    expect(toy.referee.calls, 'both, in their order').to.deep.equal([2]);
    await toy.send('Appeal', { to: id });
    expect((await drained([id])).refs, 'nothing waits any more').to.deep.equal([]);
    expect(toy.referee.calls).to.deep.equal([2, 1]);
  });

  it('defers what the receiver cannot take yet, as any mailbox would', async () => {
    const [one, other] = await pair();
    await toy.send('Rest', { to: other, ms: 60_000 });
    await toy.drain(other);
    await toy.send('Ball', { to: one, left: 1 });
    const { refs } = await drained([one]);
    expect(refs).to.deep.equal([]);
    expect(await toy.mailbox(other))
      .to.have.lengthOf(1)
      .with.nested.property('[0].deferred', true);
    await toy.send('Wake', { to: other });
    await toy.drain(other);
    expect(await hits(other)).to.equal(1);
  });

  it('does not go round for ever: two that always answer each other come to their mailboxes in the end', async () => {
    const [one, other] = await pair();
    await toy.send('Ball', { to: one, left: 500 });
    const { consumed } = await drained([one]);
    expect(consumed).to.be.lessThan(500);
    for (let rounds = 0; rounds < 100; rounds++) await drained([one, other]);
    expect((await hits(one)) ?? 0).to.equal(251);
  });

  describe('when a receiver fails', () => {
    it('keeps what its sender did, and lets the message fail by itself', async () => {
      const [one, other] = await pair();
      // The version of the stored actor is unknown to this process: whatever reaches it fails.
      await sql`update toy.players set machine_version = 99 where id = ${other}`.execute(toy.db);
      await toy.send('Ball', { to: one, left: 1 });
      const { refs } = await drained([one]);
      expect(await hits(one)).to.equal(1);
      expect(refs.map(({ actorId }) => actorId)).to.deep.equal([other]);
      expect((await toy.mailbox(other)).map(({ attempts }) => attempts)).to.deep.equal([0]);
    });

    it('by failing the whole transaction, does it again by mailboxes and queues, where it fails alone', async () => {
      const lane = toy.createLane({ engine: serving });
      const [one, other] = await pair();
      toy.referee.failOn = () => true;
      try {
        await toy.send('Judge', { to: other });
        await toy.send('Ball', { to: one, left: 1 });
        await lane.submit({ recipient: 'player', actorId: one });
      } finally {
        toy.referee.failOn = null;
      }
      expect(await hits(one), 'the sender is done').to.equal(1);
      expect((await toy.mailbox(other)).map(({ type, attempts }) => [type, attempts])).to.deep.equal([
        ['Judge', 0],
        ['Ball', 0],
      ]);
    });
  });

  describe('sending to an effect', () => {
    let lane: Lane;
    let effects: Effects;
    beforeEach(() => {
      lane = toy.createLane({ engine: serving });
      effects = toy.createEffects({ engine: serving, lane, concurrency: 2 });
      toy.horn.runs.length = 0;
    });

    const blow = async (times = 1): Promise<string> => {
      const id = await toy.join();
      for (let n = 0; n < times; n++) await toy.send('Blow', { to: id, text: `tut ${n}` });
      return id;
    };

    it('stores its row claimed, and runs it only after the commit (invariant 5)', async () => {
      const id = await blow();
      let committed: unknown;
      toy.horn.behave = async () => {
        committed = (await toy.mailbox(id)).map(({ type, attempts, in_doubt }) => ({ type, attempts, in_doubt }));
        return 'blow';
      };
      await lane.submit({ recipient: 'player', actorId: id });
      await effects.stop();
      toy.horn.behave = null;
      expect(committed).to.deep.equal([{ type: 'BlowHorn', attempts: 1, in_doubt: true }]);
      expect((await toy.state(id))?.context.heard).to.deep.equal(['tut 0']);
      expect(toy.refs, 'no queue is asked').to.deep.equal([]);
      expect(await toy.mailbox(id)).to.deep.equal([]);
    });

    it('sends what it has no call to spare for by its queue', async () => {
      const id = await blow(5);
      toy.horn.behave = () => new Promise((resolve) => setTimeout(resolve, 20, 'blow'));
      await lane.submit({ recipient: 'player', actorId: id });
      await effects.stop();
      toy.horn.behave = null;
      expect(toy.refs.map(({ type }) => type)).to.deep.equal(['BlowHorn', 'BlowHorn', 'BlowHorn']);
      expect(toy.horn.runs).to.have.lengthOf(2);
    });

    it('leaves a claim whose process died to whoever finds it abandoned, who looks the outcome up', async () => {
      const id = await blow();
      const { begun } = await drained([id], { calls: 1 });
      expect(begun.map(({ type, inDoubt }) => [type, inDoubt])).to.deep.equal([['BlowHorn', false]]);
      await toy.endWait(id);
      const [row] = await toy.mailbox(id);
      await effects.run({ id: row?.id ?? '', type: 'BlowHorn', recipient: 'horn', actorId: id, queue: 'horns' });
      expect(toy.horn.runs.map(({ attempt, lookUp }) => ({ attempt, lookUp }))).to.deep.equal([
        { attempt: 2, lookUp: true },
      ]);
    });

    it('takes its outcome along to whoever hears of it, in the transaction that settles it', async () => {
      const groups: number[] = [];
      const own = toy.createLane({ engine: serving, onGroup: ({ consumed }) => groups.push(consumed) });
      const caller = toy.createEffects({ engine: serving, lane: own });
      const id = await blow();
      await own.submit({ recipient: 'player', actorId: id });
      await caller.stop();
      expect(groups, 'Blow, then Heard with the settlement').to.deep.equal([1, 1]);
    });
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { sql } from 'kysely';
import { listDeadLetters } from '../../src/runtime/deadLetters.js';
import { maxAttempts } from '../../src/runtime/setAside.js';
import { startToy, type Toy } from './toy.js';

describe('a message that throws (invariant 8)', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy({ wakeAfterMs: 3000 });
  });
  after(() => toy.close());
  afterEach(() => {
    toy.referee.failOn = null;
  });

  const failFor = (id: string) => {
    toy.referee.failOn = ({ data }) => (data as { to: string }).to === id;
  };

  it('has said nothing at all when only the last of its messages could not be sent (invariant 2)', async () => {
    const partner = await toy.join();
    const id = await toy.join(partner);
    toy.referee.calls.length = 0;
    await toy.send('Garble', { to: id });
    await toy.drain(id);
    const [letter] = await listDeadLetters(toy.db, { type: 'Garble' }, 1);
    expect(letter?.error).to.equal('UNKNOWN_MESSAGE: there is no message Gibberish');
    expect(await toy.mailbox(partner)).to.deep.equal([]);
    expect(toy.referee.calls).to.deep.equal([]);
    expect(await toy.state(id)).to.include({ version: 1 });
  });

  describe('while it waits for its backoff', () => {
    /** Makes the backoff so long that no busy machine sees its end. */
    const prolong = (id: string) =>
      sql`update runtime.mailbox set lease_until = now() + interval '1 minute', wake_at = now() + interval '1 minute'
        where actor_id = ${id} and attempts > 0`.execute(toy.db);

    it('is not tried again, however often its mailbox is drained', async () => {
      const id = await toy.join();
      await toy.send('Boom', { to: id, times: 1 });
      await toy.drain(id);
      await prolong(id);
      for (let i = 0; i < 3; i++) await toy.drain(id);
      expect((await toy.state(id))?.context.hits).to.equal(0);
      const [row] = await toy.mailbox(id);
      expect(row).to.include({ attempts: 1 });
      expect(row?.last_error).to.include('boom');
    });

    it('wakes nobody, and what was sent after it wakes nobody either', async () => {
      const id = await toy.join();
      await toy.send('Boom', { to: id, times: 1 });
      await toy.drain(id);
      await toy.send('Note', { to: id, text: 'after' });
      await toy.drain(id);
      await prolong(id);
      await toy.drain(id);
      toy.refs.length = 0;
      await toy.createSweeper().sweep();
      expect(toy.refs.filter((ref) => ref.actorId === id)).to.deep.equal([]);
      await toy.endWait(id);
    });

    it('is tried again when the sweeper has woken it', async () => {
      const id = await toy.join();
      await toy.send('Boom', { to: id, times: 1 });
      await toy.send('Note', { to: id, text: 'after' });
      await toy.drain(id);
      const sweeper = toy.createSweeper({
        handOff: (refs) => toy.drain(...new Set(refs.map((ref) => ref.actorId))),
      });
      for (let i = 0; i < 20 && (await toy.mailbox(id)).length > 0; i++) {
        await sleep(50);
        await sweeper.sweep();
      }
      expect((await toy.state(id))?.context).to.deep.include({ hits: 1, heard: ['after'] });
    });

    it('keeps a command that comes straight from a request waiting behind it, and does not lose it (invariant 4)', async () => {
      const id = await toy.join();
      await toy.send('Boom', { to: id, times: 1 });
      await toy.drain(id);
      expect(await toy.tell('Note', { to: id, text: 'told' })).to.include({ outcome: 'deferred', state: 'playing' });
      expect((await toy.mailbox(id)).map((row) => row.type)).to.deep.equal(['Boom', 'Note']);
      await toy.endWait(id);
      await toy.drain(id);
      expect((await toy.state(id))?.context).to.deep.include({ hits: 1, heard: ['told'] });
    });

    it('keeps a command waiting that came in the very drain in which it threw', async () => {
      const id = await toy.join();
      await toy.send('Boom', { to: id, times: 1 });
      expect(await toy.tell('Note', { to: id, text: 'told' })).to.include({ outcome: 'deferred' });
      await toy.endWait(id);
      await toy.drain(id);
      expect((await toy.state(id))?.context).to.deep.include({ hits: 1, heard: ['told'] });
    });

    it('holds up what its handler was sent after it, so that the order stays (invariant 4)', async () => {
      const to = await toy.join();
      failFor(to);
      await toy.send('CallReferee', { to });
      await toy.lane.submit({ recipient: 'referee', actorId: to });
      toy.referee.failOn = null;
      await toy.send('CallReferee', { to });
      await toy.lane.submit({ recipient: 'referee', actorId: to });
      const waiting = await toy.mailbox(to);
      expect(waiting.map((row) => [row.type, row.attempts])).to.deep.equal([
        ['CallReferee', 1],
        ['CallReferee', 0],
      ]);
      await toy.endWait(to);
      await toy.lane.submit({ recipient: 'referee', actorId: to });
      expect((await toy.journal(to)).slice(1).map((row) => row.outcome)).to.deep.equal(['handled', 'handled']);
    });
  });

  describe('because a handler fails the whole transaction', () => {
    it('is found among the others of its own mailbox; those before it are done, those after it wait', async () => {
      const id = await toy.join();
      await toy.send('Note', { to: id, text: 'before' });
      await toy.send('Judge', { to: id });
      await toy.send('Note', { to: id, text: 'after' });
      failFor(id);
      await toy.drain(id);
      expect((await toy.state(id))?.context.heard).to.deep.equal(['before']);
      const [judge, note] = await toy.mailbox(id);
      expect(judge).to.include({ type: 'Judge', attempts: 1, last_error: 'error: division by zero' });
      expect(note).to.include({ type: 'Note', attempts: 0, last_error: null });
    });

    it('is found behind messages that the actor has deferred', async () => {
      const id = await toy.join();
      await toy.send('Rest', { to: id, ms: 60_000 });
      await toy.send('Note', { to: id, text: 'deferred' });
      await toy.drain(id);
      await toy.send('Wake', { to: id });
      await toy.send('Judge', { to: id });
      failFor(id);
      await toy.drain(id);
      expect((await toy.state(id))?.context.heard).to.deep.equal(['deferred']);
      expect((await toy.mailbox(id)).map((row) => [row.type, row.attempts])).to.deep.equal([['Judge', 1]]);
    });

    describe('as soon as it is no longer deferred', () => {
      const deferredPoison = async () => {
        const id = await toy.join();
        await toy.tell('Rest', { to: id, ms: 60_000 });
        await toy.send('Judge', { to: id });
        await toy.send('Note', { to: id, text: 'deferred' });
        await toy.drain(id);
        failFor(id);
        return id;
      };
      const waiting = async (id: string) =>
        (await toy.mailbox(id)).map((row) => [row.type, row.attempts, row.deferred]);

      it('is to blame, and not the message that let the actor take it', async () => {
        const id = await deferredPoison();
        await toy.send('Wake', { to: id });
        await toy.drain(id);
        expect(await toy.state(id)).to.include({ state: 'playing' });
        expect(await waiting(id)).to.deep.equal([
          ['Judge', 1, false],
          ['Note', 0, false],
        ]);
        expect(await toy.journal(id)).to.deep.include({ type: 'Wake', outcome: 'applied', reason: null });
      });

      it('is to blame, and not the command that let the actor take it', async () => {
        const id = await deferredPoison();
        expect(await toy.tell('Wake', { to: id })).to.include({ outcome: 'applied', state: 'playing' });
        expect(await waiting(id)).to.deep.equal([
          ['Judge', 1, false],
          ['Note', 0, false],
        ]);
      });
    });

    it(`is parked after ${maxAttempts} tries, and nobody else is`, async () => {
      const id = await toy.join();
      await toy.send('Note', { to: id, text: 'before' });
      const judge = await toy.send('Judge', { to: id });
      await toy.send('Note', { to: id, text: 'after' });
      failFor(id);
      for (let i = 0; i < maxAttempts; i++) {
        await toy.endWait(id);
        await toy.drain(id);
      }
      expect((await toy.state(id))?.context.heard).to.deep.equal(['before', 'after']);
      expect((await listDeadLetters(toy.db, { id: judge }, 1))[0]).to.include({ attempts: maxAttempts });
    });

    it('does not fail a command that arrives with it', async () => {
      const id = await toy.join();
      await toy.send('Judge', { to: id });
      failFor(id);
      expect(await toy.tell('Note', { to: id, text: 'told' })).to.include({ outcome: 'deferred' });
      expect((await toy.mailbox(id)).map((row) => [row.type, row.attempts])).to.deep.equal([
        ['Judge', 1],
        ['Note', 0],
      ]);
    });
  });
});

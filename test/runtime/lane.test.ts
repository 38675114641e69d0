import { expect } from 'chai';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { DomainError } from '../../src/runtime/errors.js';
import { isTransient } from '../../src/runtime/outage.js';
import type { Unit } from '../../src/runtime/work.js';
import { startToy, type Toy } from './toy.js';

describe('a lane', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy();
  });
  after(() => toy.close());
  afterEach(() => {
    toy.referee.failOn = null;
    toy.referee.act = null;
  });

  const mailbox = (actorId: string): Unit => ({ recipient: 'player', actorId });
  const direct = (recipient: string, type: string, to: string): Unit => {
    const id = uuidv7();
    const envelope = { id, source: '/test', correlationId: id, causationId: null, clockId: null };
    return { recipient, actorId: to, direct: { type, data: { to, text: 'told', left: 0 }, ...envelope } };
  };

  it('commits everything that is submitted together in one transaction, up to its bound', async () => {
    const groups: number[] = [];
    const lane = toy.createLane({ batchSize: 4, onGroup: ({ units }) => groups.push(units) });
    const ids = await Promise.all(Array.from({ length: 10 }, () => toy.join()));
    await Promise.all(ids.map((id) => lane.submit(mailbox(id))));
    expect(groups).to.deep.equal([4, 4, 2]);
  });

  it('reports after each commit how much it did', async () => {
    const reports: { units: number; consumed: number; sent: number }[] = [];
    const partner = await toy.join();
    const id = await toy.join(partner);
    await toy.send('Ball', { to: id, left: 3 });
    await toy.send('Note', { to: id, text: '' });
    const lane = toy.createLane({ onGroup: ({ units, consumed, sent }) => reports.push({ units, consumed, sent }) });
    await lane.submit(mailbox(id));
    expect(reports).to.deep.equal([{ units: 1, consumed: 2, sent: 1 }]);
  });

  it('takes each message once when the same mailbox is asked for twice in a group', async () => {
    const consumed: number[] = [];
    const id = await toy.join();
    await toy.send('Ball', { to: id, left: 0 });
    const lane = toy.createLane({ onGroup: (report) => consumed.push(report.consumed) });
    await Promise.all([mailbox(id), mailbox(id), mailbox(id)].map((unit) => lane.submit(unit)));
    expect(consumed, 'in one go').to.deep.equal([1]);
    expect((await toy.state(id))?.context.hits).to.equal(1);
  });

  it('is idle only once what it committed has been handed off', async () => {
    let handedOff = false;
    const id = await toy.join(await toy.join());
    await toy.send('Ball', { to: id, left: 1 });
    const lane = toy.createLane({
      handOff: async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        handedOff = true;
      },
    });
    await lane.submit(mailbox(id));
    expect(handedOff, 'a commit does not wait for the queues').to.equal(false);
    await lane.idle();
    expect(handedOff).to.equal(true);
  });

  it('hands off together what was committed while it was handing off', async () => {
    const handedOff: number[] = [];
    let finish = () => {};
    const lane = toy.createLane({
      handOff: (refs) => {
        handedOff.push(refs.length);
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
    });
    for (let commit = 0; commit < 3; commit++) {
      const id = await toy.join(await toy.join());
      await toy.send('Ball', { to: id, left: 1 });
      await lane.submit(mailbox(id));
    }
    expect(handedOff).to.deep.equal([1]);
    finish();
    while (handedOff.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    finish();
    await lane.idle();
    expect(handedOff).to.deep.equal([1, 2]);
  });

  describe('given a message straight from a request', () => {
    it('answers what it did to its actor, and what the actor would take now', async () => {
      const id = await toy.join();
      const result = await toy.tell('Note', { to: id, text: 'hello' });
      expect(result).to.include({ outcome: 'applied', state: 'playing', version: 2, reason: null, refusal: null });
      expect(result?.snapshot?.context).to.deep.include({ heard: ['hello'] });
      expect(result?.allowedEvents).to.include.members(['Ball', 'Rest']).and.not.include('Wake');
    });

    it('answers that its actor did not take it, and why', async () => {
      const id = await toy.join();
      expect(await toy.tell('Wake', { to: id })).to.include({
        outcome: 'ignored',
        reason: 'playing does not take Wake',
        version: 1,
      });
      expect(await toy.tell('Wake', { to: uuidv7() })).to.include({
        outcome: 'ignored',
        state: null,
        snapshot: null,
        reason: 'there is no such player',
      });
    });

    it('keeps one that a later state takes, and says so (invariant 4)', async () => {
      const id = await toy.join();
      await toy.tell('Rest', { to: id, ms: 60_000 });
      expect(await toy.tell('Note', { to: id, text: 'later' })).to.include({ outcome: 'deferred', state: 'resting' });
      expect((await toy.mailbox(id)).map((row) => [row.type, row.deferred])).to.deep.equal([['Note', true]]);
      await toy.tell('Wake', { to: id });
      expect((await toy.state(id))?.context.heard).to.deep.equal(['later']);
    });

    it('answers what a handler said, or why it refused', async () => {
      const to = await toy.join();
      expect(await toy.tell('CallReferee', { to })).to.include({ outcome: 'applied', answer: 'seen' });
      toy.referee.refuse = new DomainError('TOO_LATE', 'the game is over');
      const refused = await toy.tell('CallReferee', { to });
      toy.referee.refuse = null;
      expect(refused).to.include({ outcome: 'refused', reason: 'the game is over' });
      expect(refused?.refusal?.code).to.equal('TOO_LATE');
      expect((await toy.journal(to)).at(-1)).to.include({ outcome: 'refused', reason: 'the game is over' });
    });

    it('rejects only its caller when it throws, and stores nothing of it', async () => {
      const [sick, well] = await Promise.all([toy.join(), toy.join()]);
      toy.referee.failOn = ({ data }) => (data as { to: string }).to === sick;
      const results = await Promise.allSettled([
        toy.tell('Note', { to: well, text: 'a' }),
        toy.tell('Judge', { to: sick }),
        toy.tell('Boom', { to: sick, times: 99 }),
        toy.tell('Judge', { to: well }),
      ]);
      expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
      expect(await toy.state(sick)).to.include({ version: 1 });
      expect(await toy.mailbox(sick)).to.deep.equal([]);
      expect((await toy.state(well))?.context).to.deep.include({ heard: ['a'], verdicts: 1 });
    });
  });

  describe('when the database goes away', () => {
    const vanish = (id: string) => {
      toy.referee.act = async (trx, messages) => {
        if (messages.some(({ data }) => (data as { to: string }).to === id))
          await sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx);
      };
    };

    it('rejects everybody and blames nobody: no attempt is counted', async () => {
      const [one, other] = await Promise.all([toy.join(), toy.join()]);
      await toy.send('Judge', { to: one });
      vanish(one);
      const results = await Promise.allSettled([
        toy.lane.submit(mailbox(one)),
        toy.tell('Note', { to: other, text: 'lost' }),
      ]);
      expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
      expect((await toy.mailbox(one))[0]).to.include({ attempts: 0, last_error: null });
      expect(await toy.state(other)).to.include({ version: 1 });
      toy.referee.act = null;
      await toy.drain(one);
      expect((await toy.state(one))?.context.verdicts).to.equal(1);
    });

    it('still tells those whose half of the group was committed before', async () => {
      const [well, sick, gone] = await Promise.all([toy.join(), toy.join(), toy.join()]);
      toy.referee.failOn = ({ data }) => (data as { to: string }).to === sick;
      vanish(gone);
      const units = [
        direct('player', 'Note', well),
        direct('referee', 'CallReferee', sick),
        direct('referee', 'CallReferee', gone),
      ];
      const [first, second, third] = await Promise.allSettled(units.map((unit) => toy.lane.submit(unit)));
      expect(first).to.have.nested.property('value.outcome', 'applied');
      expect(second).to.have.nested.property('reason.message', 'division by zero');
      expect(isTransient((third as PromiseRejectedResult).reason)).to.equal(true);
      expect((await toy.state(well))?.context.heard).to.deep.equal(['told']);
    });

    it('knows an outage from a fault of the message', () => {
      const outages = ['08006', '57P01', '53300', '25P03', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'];
      for (const code of outages) expect(isTransient(Object.assign(new Error(), { code })), code).to.equal(true);
      expect(isTransient(new Error('Connection terminated unexpectedly'))).to.equal(true);
      expect(isTransient(new Error('timeout exceeded when trying to connect'))).to.equal(true);
      for (const code of ['22012', '23505', '23514', '42P01'])
        expect(isTransient(Object.assign(new Error(), { code })), code).to.equal(false);
    });
  });
});

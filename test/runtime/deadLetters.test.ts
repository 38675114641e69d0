import { expect } from 'chai';
import { sql } from 'kysely';
import { listDeadLetters, redrive } from '../../src/runtime/deadLetters.js';
import { startToy, type Toy } from './toy.js';

describe('a poisonous message in a group (invariant 8)', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy();
  });
  after(() => toy.close());

  it('sets it aside with backoff, alone; others of the group go on, and what its actor was sent later waits', async () => {
    const [sick, well] = await Promise.all([toy.join(), toy.join()]);
    await toy.send('Boom', { to: sick, times: 1 });
    await toy.send('Note', { to: sick, text: 'after' });
    await toy.send('Note', { to: well, text: 'fine' });
    await toy.drain(sick, well);
    expect((await toy.state(well))?.context.heard).to.deep.equal(['fine']);
    expect((await toy.state(sick))?.context.heard).to.deep.equal([]);
    const [row] = await toy.db
      .selectFrom('runtime.mailbox')
      .selectAll()
      .where('actor_id', '=', sick)
      .orderBy('seq')
      .execute();
    expect(row).to.include({ type: 'Boom', attempts: 1, last_error: row?.last_error as string });
    expect(row?.last_error).to.include('boom');
    await toy.drain(sick);
    expect((await toy.state(sick))?.context.heard, 'while it is held').to.deep.equal([]);
    await toy.endWait(sick);
    await toy.drain(sick);
    expect((await toy.state(sick))?.context).to.deep.include({ hits: 1, heard: ['after'] });
  });

  it('parks it in dead letters after five tries, goes on, and takes it back by redrive', async () => {
    const id = await toy.join();
    const poison = await toy.send('Boom', { to: id, times: 5 });
    await toy.send('Note', { to: id, text: 'after' });
    for (let i = 0; i < 5; i++) {
      await toy.endWait(id);
      await toy.drain(id);
    }
    expect((await toy.state(id))?.context.heard).to.deep.equal(['after']);
    const [letter] = await listDeadLetters(toy.db, { id: poison }, 10);
    expect(letter).to.include({ type: 'Boom', attempts: 5 });
    expect(letter?.error).to.include('boom');
    expect(await redrive(toy.db, { id: poison })).to.equal(1);
    await toy.drain(id);
    expect((await toy.state(id))?.context.hits).to.equal(1);
    expect(await listDeadLetters(toy.db, { id: poison }, 10)).to.deep.equal([]);
  });

  it('parks a message of no known type at once', async () => {
    const id = await toy.join();
    const unknown = await toy.send('Note', { to: id, text: '' });
    await sql`update runtime.mailbox set type = 'Nonsense' where id = ${unknown}`.execute(toy.db);
    await toy.drain(id);
    expect((await listDeadLetters(toy.db, { id: unknown }, 10))[0]?.error).to.equal(
      'UNKNOWN_MESSAGE: there is no message Nonsense',
    );
  });

  it('finds the one whose handler fails the transaction, by halving the group', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => toy.join()));
    for (const to of ids) await toy.send('Judge', { to });
    toy.referee.failOn = ({ data }) => (data as { to: string }).to === ids[5];
    await toy.drain(...ids);
    toy.referee.failOn = null;
    for (const [index, id] of ids.entries())
      expect((await toy.state(id))?.context.verdicts, `player ${index}`).to.equal(index === 5 ? 0 : 1);
    const row = await toy.db
      .selectFrom('runtime.mailbox')
      .selectAll()
      .where('actor_id', '=', ids[5] as string)
      .executeTakeFirstOrThrow();
    expect(row).to.include({ type: 'Judge', attempts: 1 });
    expect(row.last_error).to.include('division by zero');
  });

  it('stops one actor whose stored state no longer exists, with a clear error (invariant 9)', async () => {
    const id = await toy.join();
    await sql`update toy.players set snapshot = jsonb_set(snapshot, '{value}', '"vanished"') where id = ${id}`.execute(
      toy.db,
    );
    const message = await toy.send('Note', { to: id, text: '' });
    const well = await toy.join();
    await toy.send('Note', { to: well, text: 'fine' });
    await toy.drain(id, well);
    expect((await listDeadLetters(toy.db, { id: message }, 10))[0]?.error).to.equal(
      'UNKNOWN_STATE: machine player v1 has no state "vanished"',
    );
    expect((await toy.state(well))?.context.heard).to.deep.equal(['fine']);
  });

  it('is redriven under its old number, by its id, its type or its receiver, and nothing else is', async () => {
    const id = await toy.join();
    const [first, second] = [await toy.send('Garble', { to: id }), await toy.send('Garble', { to: id })];
    const seqs = (await toy.mailbox(id)).map((row) => row.seq);
    await toy.drain(id);
    expect(await redrive(toy.db, { id: first, type: 'Note' })).to.equal(0);
    expect(await redrive(toy.db, { recipient: 'horn' })).to.equal(0);
    expect(await redrive(toy.db, { id: second })).to.equal(1);
    expect(await redrive(toy.db, { type: 'Garble', recipient: 'player' })).to.equal(1);
    expect((await toy.mailbox(id)).map((row) => [row.seq, row.attempts])).to.deep.equal(seqs.map((seq) => [seq, 0]));
    toy.refs.length = 0;
    await toy.createSweeper().sweep();
    expect(toy.refs.map((ref) => ref.id)).to.include.members([first, second]);
  });
});

import { expect } from 'chai';
import { sql } from 'kysely';
import { listDeadLetters } from '../../src/runtime/deadLetters.js';
import { fold, readJournal } from '../../src/runtime/fold.js';
import type { Lane } from '../../src/runtime/lane.js';
import type { Actor } from '../../src/runtime/ports.js';
import { maxAttempts } from '../../src/runtime/setAside.js';
import { player } from './player.js';
import { startToy, type Toy } from './toy.js';

/** Its second version counts double. */
const playerV2: Actor = {
  ...player,
  version: 2,
  migrations: {
    1: (snapshot) => ({ ...snapshot, context: { ...snapshot.context, hits: 2 * (snapshot.context.hits as number) } }),
  },
};

describe('a new version of a machine, while old and new processes run side by side (invariant 9)', () => {
  let toy: Toy;
  let newLane: Lane;
  before(async () => {
    toy = await startToy();
    newLane = toy.createLane({
      engine: { ...toy.engine, participants: { ...toy.engine.participants, player: playerV2 } },
    });
  });
  after(() => toy.close());

  const versionOf = async (id: string) => {
    const { rows } = await sql<{
      machine_version: number;
    }>`select machine_version from toy.players where id = ${id}`.execute(toy.db);
    return rows[0]?.machine_version;
  };

  it('lifts an actor once, when the first message reaches it there', async () => {
    const id = await toy.join();
    await toy.tell('Ball', { to: id, left: 0 });
    expect(await versionOf(id)).to.equal(1);
    for (let i = 0; i < 2; i++) {
      await toy.send('Ball', { to: id, left: 0 });
      await newLane.submit({ recipient: 'player', actorId: id });
    }
    expect((await toy.state(id))?.context.hits).to.equal(4);
    expect(await versionOf(id)).to.equal(2);
  });

  it('leaves an actor as it was stored when a message does not move it', async () => {
    const id = await toy.join();
    await toy.send('Wake', { to: id });
    await newLane.submit({ recipient: 'player', actorId: id });
    expect(await versionOf(id)).to.equal(1);
  });

  it('stops the lifted actor in an old process with a clear error, and nobody else', async () => {
    const [lifted, other] = await Promise.all([toy.join(), toy.join()]);
    await toy.send('Ball', { to: lifted, left: 0 });
    await newLane.submit({ recipient: 'player', actorId: lifted });
    const late = await toy.send('Ball', { to: lifted, left: 0 });
    await toy.send('Ball', { to: other, left: 0 });
    await toy.drain(lifted, other);
    expect((await toy.state(other))?.context.hits).to.equal(1);
    expect((await toy.state(lifted))?.context.hits).to.equal(1);
    expect((await toy.mailbox(lifted))[0]?.last_error).to.equal(
      'NewerVersionError: player was written by machine version 2, this process knows 1',
    );
    expect(await listDeadLetters(toy.db, { id: late }, 1)).to.deep.equal([]);
    await toy.endWait(lifted);
    await newLane.submit({ recipient: 'player', actorId: lifted });
    expect((await toy.state(lifted))?.context.hits).to.equal(2);
  });

  it('writes into the journal which version took which message, and from what the new one went on (invariant 7)', async () => {
    const id = await toy.join();
    await toy.send('Ball', { to: id, left: 0 });
    await newLane.submit({ recipient: 'player', actorId: id });
    const rows = await toy.db
      .selectFrom('runtime.journal')
      .select(['version', 'machine_version', 'outcome', 'state_before', 'state_after'])
      .where('actor_id', '=', id)
      .orderBy('seq')
      .execute();
    expect(rows).to.deep.equal([
      { version: 1, machine_version: 1, outcome: 'applied', state_before: null, state_after: 'playing' },
      { version: 1, machine_version: 1, outcome: 'checkpoint', state_before: 'playing', state_after: 'playing' },
      { version: 2, machine_version: 2, outcome: 'applied', state_before: 'playing', state_after: 'playing' },
    ]);
  });

  it('folds a lifted actor from where it was lifted, byte for byte (invariant 7)', async () => {
    const id = await toy.join();
    await toy.tell('Ball', { to: id, left: 0 });
    for (let i = 0; i < 3; i++) {
      await toy.send('Ball', { to: id, left: 0 });
      await newLane.submit({ recipient: 'player', actorId: id });
    }
    await expectFold(playerV2, id);
    expect((await toy.state(id))?.context.hits).to.equal(5);
  });

  it('folds an actor that is not lifted yet by the version that wrote it only', async () => {
    const id = await toy.join();
    await expectFold(player, id);
    const rows = await readJournal(toy.db, 'player', id);
    expect(() => fold(playerV2, rows)).to.throw('version 1 was applied by version 1 of the machine, this is 2');
  });

  it('begins the journal of an actor anew that has rested for more than a month', async () => {
    const id = await toy.join();
    await toy.tell('Ball', { to: id, left: 0 });
    await sql`update toy.players set updated_at = now() - interval '31 days' where id = ${id}`.execute(toy.db);
    await toy.tell('Ball', { to: id, left: 0 });
    await toy.tell('Ball', { to: id, left: 0 });
    const rows = await readJournal(toy.db, 'player', id);
    expect(rows.map((row) => [row.version, row.type])).to.deep.equal([
      [1, 'Join'],
      [2, 'Ball'],
      [2, 'runtime.checkpoint'],
      [3, 'Ball'],
      [4, 'Ball'],
    ]);
    await expectFold(player, id);
    expect(fold(player, rows.slice(2))).to.deep.equal(fold(player, rows));
  });

  it('lets a message wait for a new process for as long as the deployment lasts', async () => {
    const id = await toy.join();
    await toy.send('Ball', { to: id, left: 0 });
    await newLane.submit({ recipient: 'player', actorId: id });
    const late = await toy.send('Ball', { to: id, left: 0 });
    for (let i = 0; i < maxAttempts + 2; i++) {
      await toy.drain(id);
      await toy.endWait(id);
    }
    expect(await listDeadLetters(toy.db, { id: late }, 1)).to.deep.equal([]);
    expect(await toy.mailbox(id)).to.have.length(1);
  });

  async function expectFold(actor: Actor, id: string): Promise<void> {
    const folded = fold(actor, await readJournal(toy.db, 'player', id));
    const { rows } = await sql<{ same: boolean; version: number }>`
      select snapshot::text = ${JSON.stringify(folded?.snapshot)}::jsonb::text as same, version from toy.players where id = ${id}`.execute(
      toy.db,
    );
    expect(rows[0]).to.deep.equal({ same: true, version: folded?.version });
  }
});

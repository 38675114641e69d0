import { expect } from 'chai';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { createPartitions, listPartitions } from '../../src/db/partitions.js';
import { fold, readJournal } from '../../src/runtime/fold.js';
import type { Actor } from '../../src/runtime/ports.js';
import { leastKeepDays, retain } from '../../src/runtime/retention.js';
import { player } from './player.js';
import { startToy, type Toy } from './toy.js';

/** The toy's player, over once it rests. */
const mortal: Actor = { ...player, ends: ['resting'] };
const options = { keepDays: 90, actors: { player: mortal }, go: true };

describe('retention', () => {
  let toy: Toy;
  beforeEach(async () => {
    toy = await startToy();
    // The month before last but three, as it was made when it came.
    for (const log of ['journal', 'event_log'])
      await sql
        .raw(
          `create table runtime.${log}_2020_01 partition of runtime.${log} for values from ('2020-01-01+00') to ('2020-02-01+00')`,
        )
        .execute(toy.db);
  });
  afterEach(() => toy.close());

  /** A player that joined long ago; what it did then lies in an old partition. */
  async function oldPlayer(...messages: string[]): Promise<string> {
    const id = await toy.join();
    for (const type of messages) await toy.tell(type, { to: id, ms: 60_000, text: 'x', left: 0 });
    await age(id);
    return id;
  }

  async function age(id: string): Promise<void> {
    await sql`alter table runtime.journal disable trigger append_only`.execute(toy.db);
    await sql`update runtime.journal set at = '2020-01-15T12:00:00Z' where actor_id = ${id}`.execute(toy.db);
    await sql`alter table runtime.journal enable trigger append_only`.execute(toy.db);
    await sql`update toy.players set updated_at = '2020-01-15T12:00:00Z' where id = ${id}`.execute(toy.db);
  }

  const removeTimers = (id: string) => sql`delete from runtime.timers where actor_id = ${id}`.execute(toy.db);
  const rowsOf = async (id: string) => (await toy.journal(id)).length;
  const partitions = async () =>
    (await listPartitions(toy.db as never, 'journal')).map(({ name }) => name).filter((name) => name.includes('2020'));

  it('drops an old partition, with the rows of an actor that is over', async () => {
    const over = await oldPlayer('Rest');
    await removeTimers(over);
    expect(await retain(toy.db, options)).to.deep.include({ partition: 'journal_2020_01', rows: 2, kept: 0 });
    expect(await rowsOf(over)).to.equal(0);
    expect(await partitions()).to.deep.equal([]);
  });

  it('keeps every row of an actor that is not over, and it still folds', async () => {
    const living = await oldPlayer('Note', 'Ball');
    await retain(toy.db, options);
    expect(await partitions()).to.deep.equal([]);
    expect(await rowsOf(living)).to.equal(3);
    expect(fold(mortal, await readJournal(toy.db, 'player', living))?.version).to.equal(3);
  });

  it('keeps every row of an actor that has a timer, moved since, or is waited for by a message', async () => {
    const armed = await oldPlayer('Rest');
    const moved = await oldPlayer('Rest');
    const told = await oldPlayer('Rest');
    for (const id of [moved, told]) await removeTimers(id);
    await sql`update toy.players set updated_at = now() where id = ${moved}`.execute(toy.db);
    await toy.send('Note', { to: told, text: 'y' });
    await retain(toy.db, options);
    for (const id of [armed, moved, told]) expect(await rowsOf(id)).to.equal(2);
  });

  it('drops what was kept once its actor is over', async () => {
    const id = await oldPlayer('Rest');
    await retain(toy.db, options);
    await removeTimers(id);
    expect(await retain(toy.db, options)).to.deep.equal([{ partition: 'journal_default', rows: 2, kept: 0 }]);
    expect(await rowsOf(id)).to.equal(0);
  });

  it('lets an actor whose journal is gone move again, and fold again', async () => {
    const id = await oldPlayer('Rest');
    await removeTimers(id);
    await retain(toy.db, options);
    await toy.tell('Wake', { to: id });
    const folded = fold(mortal, await readJournal(toy.db, 'player', id));
    const { rows } = await sql<{ same: boolean; version: number }>`
      select snapshot::text = ${JSON.stringify(folded?.snapshot)}::jsonb::text as same, version from toy.players where id = ${id}`.execute(
      toy.db,
    );
    expect(rows[0]).to.deep.equal({ same: true, version: folded?.version });
  });

  it('keeps an event until it is published', async () => {
    const id = uuidv7();
    await sql`insert into runtime.event_log (id, channel, type, version, source, subject, data, correlation_id, time)
      values (${id}, 'game', 'Joined', '1.0.0', '/player', ${id}, '{}', ${id}, '2020-01-15T12:00:00Z')`.execute(toy.db);
    expect(await retain(toy.db, options)).to.deep.include({ partition: 'event_log_2020_01', rows: 1, kept: 1 });
    await sql`update runtime.publisher set xid = pg_current_xact_id()`.execute(toy.db);
    expect(await retain(toy.db, options)).to.deep.include({ partition: 'event_log_default', rows: 1, kept: 0 });
  });

  it('only counts without being told to go', async () => {
    const id = await oldPlayer('Rest');
    await removeTimers(id);
    const counted = await retain(toy.db, { ...options, go: false });
    expect(counted).to.deep.include({ partition: 'journal_2020_01', rows: 2, kept: 0 });
    expect(await rowsOf(id)).to.equal(2);
    expect(await partitions()).to.deep.equal(['journal_2020_01']);
  });

  it('leaves the logs append-only', async () => {
    const id = await oldPlayer('Note');
    await retain(toy.db, options);
    const refused = await sql`delete from runtime.journal where actor_id = ${id}`
      .execute(toy.db)
      .catch((error: Error) => error);
    expect((refused as Error).message).to.include('is append-only');
  });

  it('refuses to keep less than an actor has to rest', async () => {
    const refused = await retain(toy.db, { ...options, keepDays: leastKeepDays - 1 }).catch((error: Error) => error);
    expect(refused).to.be.instanceOf(RangeError);
  });
});

describe('the months of the logs', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy();
  });
  after(() => toy.close());

  const inMonth = async (log: string) => {
    const { rows } = await sql<{
      name: string;
    }>`select tableoid::regclass::text as name from ${sql.raw(`runtime.${log}`)}`.execute(toy.db);
    return rows.map(({ name }) => name);
  };

  it('are there after a migration, this one and the next two', async () => {
    for (const log of ['journal', 'event_log'] as const)
      expect(await listPartitions(toy.db as never, log)).to.have.length(3);
    expect(await createPartitions(toy.db as never)).to.deep.equal([]);
  });

  it('take what happens now', async () => {
    await toy.join();
    const [month] = await listPartitions(toy.db as never, 'journal');
    expect(await inMonth('journal')).to.deep.equal([`runtime.${month?.name}`]);
    expect(await inMonth('event_log')).to.deep.equal([`runtime.${month?.name.replace('journal', 'event_log')}`]);
  });

  it('are made anew where one is missing, by one of those that try at once', async () => {
    const [, next] = await listPartitions(toy.db as never, 'journal');
    await sql.raw(`drop table runtime.${next?.name}`).execute(toy.db);
    const made = await Promise.all([createPartitions(toy.db as never), createPartitions(toy.db as never)]);
    expect(made.flat()).to.deep.equal([next?.name]);
  });

  it('leave alone a month of which the default partition has rows', async () => {
    const [, next] = await listPartitions(toy.db as never, 'journal');
    await sql.raw(`drop table runtime.${next?.name}`).execute(toy.db);
    const id = uuidv7();
    await sql`insert into runtime.journal (recipient, actor_id, message_id, type, data, correlation_id, outcome, at)
      values ('player', ${id}, ${id}, 'Note', '{}', ${id}, 'ignored', ${next?.from})`.execute(toy.db);
    expect(await createPartitions(toy.db as never)).to.deep.equal([]);
  });
});

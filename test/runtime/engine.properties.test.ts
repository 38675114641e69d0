import { expect } from 'chai';
import fc from 'fast-check';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { listDeadLetters, redrive } from '../../src/runtime/deadLetters.js';
import { fold, readJournal } from '../../src/runtime/fold.js';
import type { Lane } from '../../src/runtime/lane.js';
import type { Ref } from '../../src/runtime/routing.js';
import { player } from './player.js';
import { startToy, type Toy } from './toy.js';

const players = 4;
const who = fc.nat(players - 1);
const direct = fc.boolean();

/** What people send, and what happens to the engine meanwhile. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ball' as const), to: who, left: fc.nat(5), direct }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('serve' as const), to: who, direct }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('note' as const), to: who, direct }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('judge' as const), to: who, direct }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('boom' as const), to: who, times: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('rest' as const), to: who, ms: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wake' as const), to: who }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('drain' as const),
      lane: fc.nat(2),
      which: fc.array(who, { maxLength: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('sweep' as const, 'pass' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('fail' as const, 'vanish' as const), times: fc.nat(9) }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

describe('the whole engine, with several processes and all kinds of trouble', () => {
  let toy: Toy;
  let lanes: Lane[];
  before(async () => {
    toy = await startToy({ wakeAfterMs: 1 });
    // Some processes serve nobody but whom they are woken for, as a web does; others take messages along to all, as a worker does.
    const serving = { ...toy.engine, serves: () => true };
    lanes = [
      toy.createLane({ batchSize: 3 }),
      toy.createLane({ batchSize: 5, engine: serving }),
      toy.createLane({ batchSize: 100, engine: serving }),
    ];
  });
  after(() => toy.close());

  const onlyPoison = (failed: readonly string[]) => failed.every((one) => /^(Judge|Boom) /.test(one));
  /** The messages that somebody thinks have failed. */
  const blamed = async () => {
    const rows = await toy.db
      .selectFrom('runtime.mailbox')
      .select(['type', 'last_error'])
      .where('attempts', '>', 0)
      .execute();
    return rows.map((row) => `${row.type} ${row.last_error}`);
  };

  /** Plays one game; answers what should have come of it. */
  const play = async (ids: readonly string[], happenings: readonly Happening[]) => {
    const expected = { hits: 0, verdicts: 0, heard: ids.map(() => [] as string[]) };
    const going: Promise<unknown>[] = [];
    const drainIn = (lane: number, actorIds: readonly string[]) => {
      for (const actorId of actorIds)
        going.push((lanes[lane] as Lane).submit({ recipient: 'player', actorId }).catch(() => null));
    };
    const handOff = async (refs: readonly Ref[]) =>
      drainIn(
        refs.length % 3,
        refs.map((ref) => ref.actorId),
      );
    const sweeper = toy.createSweeper({ limit: 7, handOff });
    /** Whether it was taken: a command that trouble refuses must not have done anything. */
    const give = async (
      viaRequest: boolean,
      type: string,
      data: { to: string } & Record<string, unknown>,
    ): Promise<boolean> => {
      if (!viaRequest) return Boolean(await toy.send(type, data));
      const result = await toy.tell(type, data).catch(() => 'refused');
      expect(result, 'a command without an answer').not.to.equal(null);
      return result !== 'refused';
    };
    const trouble = (times: number, kind: 'fail' | 'vanish') => {
      const again = () => times-- > 0;
      if (kind === 'fail') toy.referee.failOn = again;
      else
        toy.referee.act = async (trx) =>
          void (again() && (await sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx)));
    };
    for (const [index, happens] of happenings.entries()) {
      const at = 'to' in happens ? happens.to : 0;
      const to = ids[at] as string;
      const text = `${index}`;
      if (happens.kind === 'ball') {
        if (await give(happens.direct, 'Ball', { to, left: happens.left })) expected.hits += happens.left + 1;
      } else if (happens.kind === 'serve') {
        if (await give(happens.direct, 'Serve', { to })) expected.hits += 2;
      } else if (happens.kind === 'note') {
        if (await give(happens.direct, 'Note', { to, text })) expected.heard[at]?.push(text);
      } else if (happens.kind === 'judge') {
        if (await give(happens.direct, 'Judge', { to })) expected.verdicts++;
      } else if (happens.kind === 'boom') {
        await toy.send('Boom', { to, times: happens.times, text });
        expected.heard[at]?.push(text);
        expected.hits++;
      } else if (happens.kind === 'rest') await toy.send('Rest', { to, ms: happens.ms });
      else if (happens.kind === 'wake') await toy.send('Wake', { to });
      else if (happens.kind === 'drain')
        drainIn(
          happens.lane,
          happens.which.map((one) => ids[one] as string),
        );
      else if (happens.kind === 'sweep') going.push(sweeper.sweep());
      else if (happens.kind === 'pass') {
        expect(await blamed()).to.satisfy(onlyPoison);
        await toy.endWait();
      } else if (happens.kind === 'fail' || happens.kind === 'vanish') trouble(happens.times, happens.kind);
    }
    Object.assign(toy.referee, { failOn: null, act: null });
    await Promise.all(going);
    const parked = await listDeadLetters(toy.db, {}, 100);
    expect([...(await blamed()), ...parked.map(({ type, error }) => `${type} ${error}`)]).to.satisfy(onlyPoison);
    for (let rounds = 0; rounds < 50; rounds++) {
      const { rows } = await sql<{ n: string }>`
        select (select count(*) from runtime.mailbox) + (select count(*) from runtime.timers) + (select count(*) from runtime.dead_letters)
          + (select count(*) from toy.players where state <> 'playing') as n`.execute(toy.db);
      if (rows[0]?.n === '0') break;
      await redrive(toy.db, {});
      for (const to of ids) await toy.send('Wake', { to });
      await toy.endWait();
      await sweeper.sweep();
      drainIn(rounds % 3, ids);
      await Promise.all(going.splice(0));
    }
    return expected;
  };

  it('hits every ball once, hears every note in order, and can explain everything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 80, maxLength: 200 }), async (happenings) => {
        const ids = Array.from({ length: players }, () => uuidv7());
        for (const [index, id] of ids.entries()) await toy.join(ids[(index + 1) % players], id);
        const expected = await play(ids, happenings);
        const contexts = await Promise.all(ids.map(async (id) => (await toy.state(id))?.context));
        expect(contexts.map((context) => context?.heard)).to.deep.equal(expected.heard);
        expect(
          contexts.reduce((sum, context) => sum + (context?.hits ?? 0), 0),
          'hits',
        ).to.equal(expected.hits);
        expect(
          contexts.reduce((sum, context) => sum + (context?.verdicts ?? 0), 0),
          'verdicts',
        ).to.equal(expected.verdicts);
        for (const id of ids) {
          expect(await toy.mailbox(id)).to.deep.equal([]);
          const journal = await readJournal(toy.db, 'player', id);
          expect(journal.map((row) => row.version)).to.deep.equal(journal.map((_, index) => index + 1));
          const consumed = journal.map((row) => row.messageId);
          expect(new Set(consumed).size, 'messages taken twice').to.equal(consumed.length);
          const folded = fold(player, journal);
          const { rows } = await sql<{ same: boolean; told: string }>`
            select snapshot = ${JSON.stringify(folded?.snapshot)}::jsonb as same,
              (select count(*) from runtime.event_log where subject = ${id}) as told from toy.players where id = ${id}`.execute(
            toy.db,
          );
          const told = folded?.emitted.filter(({ type }) => type === 'Joined').length;
          expect(rows[0]).to.deep.equal({ same: true, told: String(told) });
        }
      }),
      { numRuns: 10, endOnFailure: true },
    );
  }).timeout(60_000);
});

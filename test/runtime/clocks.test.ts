import { expect } from 'chai';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { readClock, sendClock } from '../../src/runtime/clockRows.js';
import { readClocks } from '../../src/runtime/clockTime.js';
import { redrive } from '../../src/runtime/deadLetters.js';
import { FatalError } from '../../src/runtime/errors.js';
import { eventually } from '../support/eventually.js';
import { after as at, beatsOf, makeClock, noon, settled, start, startToyWorker, type ToyWorker } from './clockToy.js';
import { startToy, type Toy } from './toy.js';

const minute = 60_000;
const year = 365 * 24 * 3_600_000;

describe('a test clock', () => {
  let toy: Toy;
  let worker: ToyWorker;
  before(async () => {
    toy = await startToy({ wakeAfterMs: 5000 });
    worker = startToyWorker(toy);
  });
  after(async () => {
    await worker.stop();
    await toy.close();
  });
  beforeEach(() => {
    toy.horn.behave = null;
  });

  const advance = async (clock: string, ms: number) => {
    expect(await sendClock(toy.db, clock, { to: at(ms) })).to.equal(true);
    return settled(toy, clock);
  };

  it('stands still: an actor that is bound to it is told its time, and no timer fires by itself', async () => {
    const clock = await makeClock(toy);
    const id = await start(toy, clock, { gaps: [0, 10] });
    const { rows } = await sql<{ created: Date; journaled: Date; due: Date; bound: string }>`
      select m.created_at as created, j.at as journaled, t.due_at as due, m.clock_id as bound from toy.metronomes m
      join runtime.journal j on j.actor_id = m.id left join runtime.timers t on t.actor_id = m.id where m.id = ${id}`.execute(
      toy.db,
    );
    expect(rows[0]?.bound).to.equal(clock);
    expect(rows[0]?.created.toISOString()).to.equal(noon);
    expect(rows[0]?.journaled.toISOString()).to.equal(noon);
    expect(await toy.createSweeper().sweep()).to.include({ fired: 0 });
  });

  it('fires the timers on its way in due order, each at its own time', async () => {
    const clock = await makeClock(toy);
    const [late, early, never] = [
      await start(toy, clock, { gaps: [3 * minute] }),
      await start(toy, clock, { gaps: [minute] }),
      await start(toy, clock, { gaps: [year] }),
    ];
    expect(await advance(clock, 5 * minute)).to.include({ status: 'ready', now: at(5 * minute), target: null });
    expect(await beatsOf(toy, late)).to.deep.equal([at(3 * minute)]);
    expect(await beatsOf(toy, early)).to.deep.equal([at(minute)]);
    expect(await beatsOf(toy, never)).to.deep.equal([]);
    const { rows } = await sql<{ actor_id: string }>`
      select actor_id from runtime.journal where actor_id = any(${[late, early]}::uuid[]) and type like 'xstate%' order by seq`.execute(
      toy.db,
    );
    expect(rows.map((row) => row.actor_id)).to.deep.equal([early, late]);
  });

  it('fires a timer that is due at the very target, and none that is due a millisecond later', async () => {
    const clock = await makeClock(toy);
    const [now, next] = [await start(toy, clock, { gaps: [minute] }), await start(toy, clock, { gaps: [minute + 1] })];
    expect((await advance(clock, minute)).nextDueAt).to.equal(at(minute + 1));
    expect(await beatsOf(toy, now)).to.deep.equal([at(minute)]);
    expect(await beatsOf(toy, next)).to.deep.equal([]);
  });

  it('fires what is due at the same time together, however much that is', async () => {
    const clock = await makeClock(toy);
    const small = toy.createClocks({ lane: worker.lane, limit: 7 });
    const ids = await Promise.all(Array.from({ length: 20 }, () => start(toy, clock, { gaps: [minute, minute] })));
    await worker.clocks.stop();
    await sendClock(toy.db, clock, { to: at(minute) });
    const fired = await small.turn();
    expect(fired).to.have.length(7);
    await Promise.all(fired.map((ref) => worker.lane.submit(ref)));
    await worker.stop();
    worker = startToyWorker(toy);
    await advance(clock, 2 * minute);
    for (const id of ids) expect(await beatsOf(toy, id)).to.deep.equal([at(minute), at(2 * minute)]);
  });

  it('fires the timers that others set on the way, and waits for all that they lead to', async () => {
    const clock = await makeClock(toy);
    const slow = await start(toy, clock, { gaps: [2500, 2500] });
    // Each beat nudges the slow one, which begins its gap anew: it beats once the nudges have ended.
    const chain = await start(toy, clock, { gaps: Array(10).fill(1000), partner: slow });
    await advance(clock, minute);
    expect(await beatsOf(toy, chain)).to.deep.equal(Array.from({ length: 10 }, (_, i) => at((i + 1) * 1000)));
    expect(await beatsOf(toy, slow)).to.deep.equal([at(12_500), at(15_000)]);
  });

  it('waits for calls to the world outside, which happen in its time', async () => {
    const clock = await makeClock(toy);
    let release: () => void = () => undefined;
    const called = new Promise<void>((resolve) => {
      toy.horn.behave = async () => {
        resolve();
        await new Promise<void>((done) => {
          release = done;
        });
        return 'blow';
      };
    });
    const id = await start(toy, clock, { gaps: [1000, 1000], loud: true });
    await sendClock(toy.db, clock, { to: at(1500) });
    await called;
    toy.horn.behave = null;
    const waiting = await settled(toy, clock, 100).catch(() => null);
    expect(waiting).to.equal(null);
    release();
    expect(await settled(toy, clock)).to.include({ status: 'ready', now: at(1500) });
    const { rows } = await sql<{ at: Date; sent_at: string }>`
      select at, data ->> 'text' as sent_at from runtime.journal where actor_id = ${id} and outcome = 'settled'`.execute(
      toy.db,
    );
    expect(rows.map((row) => [row.at.toISOString(), row.sent_at])).to.deep.equal([[at(1000), at(1000)]]);
  });

  it('tells what it waits for', async () => {
    const clock = await makeClock(toy);
    toy.horn.behave = async () => ({ kind: 'again', afterMs: 60_000, unknown: false, reason: 'out of breath' });
    const id = await start(toy, clock, { gaps: [1000], loud: true });
    await sendClock(toy.db, clock, { to: at(2000) });
    const waiting = await eventually('the horn is out of breath', async () => {
      const now = await readClock(toy.db, clock);
      return now?.waitsFor[0]?.error ? now : null;
    });
    expect(waiting).to.include({ status: 'advancing', now: at(1000), target: at(2000) });
    expect(waiting.waitsFor[0]).to.include({
      type: 'BlowHorn',
      recipient: 'horn',
      actorId: id,
      error: 'out of breath',
    });
    expect(Date.parse(waiting.waitsFor[0]?.until ?? '')).to.be.closeTo(Date.now() + 60_000, 10_000);
    toy.horn.behave = null;
    await toy.endWait(id);
    toy.refs.length = 0;
    await toy.createSweeper().sweep();
    for (const ref of toy.refs.filter(({ actorId }) => actorId === id)) await worker.effects.run(ref);
    expect(await settled(toy, clock)).to.include({ status: 'ready', now: at(2000) });
  });

  it('moves nobody else: neither another clock’s actors nor those who live in real time', async () => {
    const [clock, other] = [await makeClock(toy), await makeClock(toy)];
    const real = await start(toy, undefined, { gaps: [year] });
    const bound = await start(toy, other, { gaps: [minute] });
    const mine = await start(toy, clock, { gaps: [minute], partner: real });
    await advance(clock, 2 * year);
    expect(await beatsOf(toy, mine)).to.deep.equal([at(minute)]);
    expect(await beatsOf(toy, bound)).to.deep.equal([]);
    expect(await beatsOf(toy, real)).to.deep.equal([]);
    // The nudge from the other time reached it, and it set its timer anew, in its own.
    const { rows } = await sql<{ at: Date; due: Date; clock_id: string | null }>`
      select j.at, t.due_at as due, t.clock_id from runtime.journal j join runtime.timers t using (actor_id)
      where actor_id = ${real} and type = 'Nudge'`.execute(toy.db);
    expect(rows[0]?.at.getTime()).to.be.closeTo(Date.now(), minute);
    expect(rows[0]?.due.getTime()).to.equal((rows[0]?.at.getTime() ?? 0) + year);
    expect(rows[0]?.clock_id).to.equal(null);
    expect(await advance(other, minute)).to.include({ status: 'ready' });
    expect(await beatsOf(toy, bound)).to.deep.equal([at(minute)]);
  });

  it('keeps an actor in its time whoever writes to it, and what that one sends too', async () => {
    const clock = await makeClock(toy);
    const id = await start(toy, clock, { gaps: [minute, 1000], loud: true });
    await toy.tell('Nudge', { to: id });
    const { rows } = await sql<{ at: Date }>`
      select at from runtime.journal where actor_id = ${id} and type = 'Nudge'`.execute(toy.db);
    expect(rows[0]?.at.toISOString()).to.equal(noon);
    await advance(clock, minute);
    expect(await beatsOf(toy, id)).to.deep.equal([at(minute)]);
  });

  it('fires what is set in its past without being sent anywhere', async () => {
    const clock = await makeClock(toy);
    const id = await start(toy, clock, { gaps: [0, -5000, 1] });
    await eventually('both have fired', async () => (await beatsOf(toy, id)).length === 2);
    expect(await beatsOf(toy, id)).to.deep.equal([noon, noon]);
    expect(await settled(toy, clock)).to.include({ now: noon, nextDueAt: at(1) });
  });

  it('never goes backwards, and of several goals the farthest counts', async () => {
    const clock = await makeClock(toy);
    const id = await start(toy, clock, { gaps: [minute, minute, minute] });
    await worker.clocks.stop();
    for (const n of [1, 3, 2]) expect(await sendClock(toy.db, clock, { to: at(n * minute) })).to.equal(true);
    await worker.stop();
    worker = startToyWorker(toy);
    expect(await settled(toy, clock)).to.include({ now: at(3 * minute) });
    expect(await beatsOf(toy, id)).to.deep.equal([at(minute), at(2 * minute), at(3 * minute)]);
    expect(await sendClock(toy.db, clock, { to: at(3 * minute - 1) })).to.equal(false);
    expect(await sendClock(toy.db, clock, { to: at(3 * minute) })).to.equal(true);
    expect(await sendClock(toy.db, uuidv7(), { to: at(0) })).to.equal(false);
  });

  it('is sent by a calendar’s durations, from where it is going', async () => {
    const clock = await makeClock(toy);
    await start(toy, clock, { gaps: [minute] });
    await toy.db.updateTable('runtime.clocks').set({ target: noon }).where('id', '=', clock).execute();
    await worker.clocks.stop();
    await sendClock(toy.db, clock, { by: 'P1M' });
    await sendClock(toy.db, clock, { by: 'P1DT1.5S' });
    const { rows } = await sql<{ target: Date }>`select target from runtime.clocks where id = ${clock}`.execute(toy.db);
    expect(rows[0]?.target.toISOString()).to.equal('2030-03-01T12:00:01.500Z');
    await worker.stop();
    worker = startToyWorker(toy);
    expect(await settled(toy, clock)).to.include({ now: '2030-03-01T12:00:01.500Z' });
  });

  it('leaves a message that waits for its actor’s state alone', async () => {
    const clock = await makeClock(toy);
    const id = await toy.join(undefined, uuidv7(), clock);
    await toy.tell('Rest', { to: id, ms: minute });
    await toy.tell('Note', { to: id, text: 'later' }, clock);
    expect(await advance(clock, 2 * minute)).to.include({ status: 'ready' });
    expect(await toy.state(id)).to.include({ state: 'rested' });
    await toy.tell('Wake', { to: id });
    expect((await toy.state(id))?.context.heard).to.deep.equal(['later']);
  });

  it('is blocked by a message that was given up, says by which, and goes on once that is mended', async () => {
    const clock = await makeClock(toy);
    toy.horn.behave = async () => {
      throw new FatalError('BENT', 'the horn is bent');
    };
    const id = await start(toy, clock, { gaps: [1000, 1000], loud: true });
    await sendClock(toy.db, clock, { to: at(5000) });
    const blocked = await settled(toy, clock);
    expect(blocked).to.include({ status: 'blocked', now: at(1000), target: at(5000) });
    expect(blocked.parked[0]).to.include({ type: 'BlowHorn', actorId: id, error: 'BENT: the horn is bent' });
    expect(await worker.clocks.turn()).to.deep.equal([]);
    expect(await readClock(toy.db, clock)).to.deep.equal(blocked);
    expect(await beatsOf(toy, id)).to.have.length(1);
    toy.horn.behave = null;
    await redrive(toy.db, { recipient: 'horn' });
    toy.refs.length = 0;
    await toy.createSweeper().sweep();
    for (const ref of toy.refs.filter(({ actorId }) => actorId === id)) await worker.effects.run(ref);
    expect(await settled(toy, clock)).to.include({ status: 'ready', now: at(5000) });
    expect(await beatsOf(toy, id)).to.deep.equal([at(1000), at(2000)]);
  });

  it('that is gone stops its actors with a clear error', async () => {
    const clock = await makeClock(toy);
    const id = await start(toy, clock, { gaps: [1000] });
    await toy.db.deleteFrom('runtime.clocks').where('id', '=', clock).execute();
    const error = await toy.tell('Nudge', { to: id }).catch((thrown) => thrown);
    expect(error).to.include({ code: 'UNKNOWN_CLOCK' });
  });

  it('does not move while a command is on its way to one of its actors', async () => {
    const clock = await makeClock(toy);
    const id = await start(toy, clock, { gaps: [minute] });
    await worker.clocks.stop();
    await sendClock(toy.db, clock, { to: at(minute) });
    await toy.db.transaction().execute(async (trx) => {
      await readClocks(trx, [clock]);
      expect(await worker.clocks.turn()).to.deep.equal([]);
    });
    expect((await worker.clocks.turn()).map(({ actorId }) => actorId)).to.deep.equal([id]);
    await worker.stop();
    worker = startToyWorker(toy);
  });
});

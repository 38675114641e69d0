import { expect } from 'chai';
import { sql } from 'kysely';
import { listDeadLetters, redrive } from '../../src/runtime/deadLetters.js';
import type { Effects } from '../../src/runtime/effects.js';
import { FatalError } from '../../src/runtime/errors.js';
import type { Ref } from '../../src/runtime/routing.js';
import { startToy, type Toy } from './toy.js';

describe('an effect that throws (invariant 8)', () => {
  let toy: Toy;
  let effects: Effects;
  const errors: unknown[] = [];
  before(async () => {
    toy = await startToy();
    effects = toy.createEffects({ onError: (_, error) => errors.push(error) });
    await sql`create table toy.echoes (id uuid primary key, text text, check (text <> 'unwritable'))`.execute(toy.db);
  });
  after(() => toy.close());
  beforeEach(() => {
    Object.assign(toy.horn, { behave: null, read: null, write: null });
    for (const list of [toy.horn.blown, toy.horn.runs, toy.refs, errors]) list.length = 0;
  });

  const blow = async (text = 'toot'): Promise<Ref> => {
    const actorId = await toy.join();
    const id = await toy.send('BlowHorn', { to: actorId, text });
    return { id, actorId, type: 'BlowHorn', recipient: 'horn', queue: 'horns' };
  };
  const rowOf = async (ref: Ref) => (await toy.mailbox(ref.actorId)).find((row) => row.id === ref.id);
  const runUntilParked = async (ref: Ref): Promise<number> => {
    for (let runs = 1; runs < 30; runs++) {
      await effects.run(ref);
      if (!(await rowOf(ref))) return runs;
      await toy.endWait(ref.actorId);
    }
    throw new Error('it was never parked');
  };
  const letterOf = async (ref: Ref) => (await listDeadLetters(toy.db, { id: ref.id }, 1))[0];
  const secondsOf = async (ref: Ref) => {
    const { wake_at } = (await rowOf(ref)) ?? {};
    const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(toy.db);
    return ((wake_at?.getTime() ?? 0) - (rows[0]?.now.getTime() ?? 0)) / 1000;
  };

  it('is asked again, each time later, and looked up each time', async () => {
    const ref = await blow();
    toy.horn.behave = () => Promise.reject(new TypeError('no such horn'));
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      await effects.run(ref);
      waits.push(Math.round(await secondsOf(ref)));
      await toy.endWait(ref.actorId);
    }
    expect(waits).to.deep.equal([1, 2, 4]);
    expect(toy.horn.runs.map((run) => run.lookUp)).to.deep.equal([false, true, true]);
    expect(errors.map(String)).to.include('TypeError: no such horn');
  });

  for (const error of [new Error('torn'), new TypeError('no such horn')]) {
    it(`is parked at last (${error.name})`, async () => {
      const ref = await blow();
      toy.horn.behave = () => Promise.reject(error);
      expect(await runUntilParked(ref)).to.equal(10);
      expect(await letterOf(ref)).to.include({ attempts: 10, error: String(error) });
    });
  }

  it('is not parked for asking to be asked again, whatever reason it gives', async () => {
    const ref = await blow();
    toy.horn.behave = async () => ({ kind: 'again', afterMs: 0, unknown: false, reason: 'Error at the provider' });
    for (let i = 0; i < 12; i++) {
      await toy.endWait(ref.actorId);
      await effects.run(ref);
    }
    expect(await rowOf(ref)).to.include({ attempts: 12 });
  });

  it('is parked at once when no retry can help', async () => {
    const ref = await blow();
    toy.horn.behave = () => Promise.reject(new FatalError('NO_HORN', 'there is none'));
    expect(await runUntilParked(ref)).to.equal(1);
    expect(await letterOf(ref)).to.include({ error: 'NO_HORN: there is none' });
  });

  it('is parked at once when its message is of no known type', async () => {
    const ref = await blow();
    await sql`update runtime.mailbox set type = 'Nonsense' where id = ${ref.id}`.execute(toy.db);
    expect(await runUntilParked(ref)).to.equal(1);
    expect(toy.horn.runs).to.deep.equal([]);
  });

  it('is looked up when a person redrives it: it may have happened before it threw (invariant 5)', async () => {
    const ref = await blow();
    toy.horn.behave = async () => {
      toy.horn.blown.push(ref.id);
      throw new FatalError('GARBLED', 'an answer that nobody understands');
    };
    await runUntilParked(ref);
    toy.horn.behave = null;
    expect(await redrive(toy.db, { id: ref.id })).to.equal(1);
    await effects.run(ref);
    expect(toy.horn.runs.map((run) => run.lookUp)).to.deep.equal([false, true]);
    expect(toy.horn.blown).to.deep.equal([ref.id]);
  });

  it('by telling what cannot be told is looked up and parked; others of its group are settled', async () => {
    const [ref, other] = await Promise.all([blow('nonsense'), blow()]);
    toy.horn.behave = async ({ data }) => {
      if ((data as { text: string }).text !== 'nonsense') return 'blow';
      return { kind: 'done', emit: [{ type: 'Gibberish', data: {} }] };
    };
    await Promise.all([effects.run(ref), effects.run(other)]);
    expect((await letterOf(ref))?.error).to.equal('UNKNOWN_MESSAGE: there is no message Gibberish');
    expect(await rowOf(other)).to.equal(undefined);
  });

  it('may not answer inline: there is no drain that could hear it', async () => {
    const ref = await blow();
    toy.horn.behave = async () => ({ kind: 'done', emit: [{ type: 'Verdict', data: { to: ref.actorId } }] });
    await effects.run(ref);
    expect((await letterOf(ref))?.error).to.include('NOT_LOCKED');
  });

  describe('in the part that writes its service’s rows', () => {
    const write = () => {
      toy.horn.write = async (trx, settled) => {
        for (const { message, record } of settled) {
          await sql`insert into toy.echoes values (${message.id}, 'draft')`.execute(trx);
          await sql`update toy.echoes set text = ${record} where id = ${message.id}`.execute(trx);
        }
      };
    };
    const echoes = async (ref: Ref) => {
      const { rows } = await sql<{ text: string }>`select text from toy.echoes where id = ${ref.id}`.execute(toy.db);
      return rows.map((row) => row.text);
    };

    it('has nothing of its outcome stored, then its rows and its messages together', async () => {
      const ref = await blow('unwritable');
      write();
      await effects.run(ref);
      expect(await rowOf(ref)).to.include({ attempts: 1, in_doubt: true });
      expect((await rowOf(ref))?.last_error).to.include('violates check constraint');
      expect((await toy.mailbox(ref.actorId)).map((row) => row.type)).to.deep.equal(['BlowHorn']);
      expect(await echoes(ref)).to.deep.equal([]);
      await sql`update runtime.mailbox set data = data::jsonb || '{"text": "fine"}' where id = ${ref.id}`.execute(
        toy.db,
      );
      await toy.endWait(ref.actorId);
      await effects.run(ref);
      expect(await echoes(ref)).to.deep.equal(['fine']);
      expect((await toy.mailbox(ref.actorId)).map((row) => row.type)).to.deep.equal(['Heard']);
      expect(toy.horn.blown).to.deep.equal([ref.id]);
    });

    it('does not spoil the others that are settled with it, and is parked at last', async () => {
      const refs = await Promise.all(['a', 'b', 'unwritable', 'c'].map((text) => blow(text)));
      write();
      await Promise.all(refs.map((ref) => effects.run(ref)));
      const sick = refs[2] as Ref;
      expect(await Promise.all(refs.map(echoes))).to.deep.equal([['a'], ['b'], [], ['c']]);
      await toy.endWait(sick.actorId);
      expect(await runUntilParked(sick)).to.equal(9);
      expect(toy.horn.blown).to.have.length(4);
    });
  });

  describe('in the part that reads what it needs', () => {
    it('does not hold up the others that are claimed with it, and is parked at last without a call', async () => {
      const refs = await Promise.all(['a', 'unreadable', 'c'].map((text) => blow(text)));
      toy.horn.read = async (_, messages) => {
        const texts = messages.map(({ data }) => (data as { text: string }).text);
        if (texts.includes('unreadable')) throw new Error('cannot read');
        return texts.map((text) => text.toUpperCase());
      };
      await Promise.all(refs.map((ref) => effects.run(ref)));
      expect(toy.horn.runs.map((run) => run.prepared)).to.have.members(['A', 'C']);
      const sick = refs[1] as Ref;
      expect(await rowOf(sick)).to.include({ attempts: 1, in_doubt: false, last_error: 'Error: cannot read' });
      await toy.endWait(sick.actorId);
      expect(await runUntilParked(sick)).to.equal(9);
      expect(toy.horn.runs).to.have.length(2);
    });
  });
});

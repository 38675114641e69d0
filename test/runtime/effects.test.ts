import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { sql } from 'kysely';
import type { Claim } from '../../src/runtime/claims.js';
import type { Effects } from '../../src/runtime/effects.js';
import type { EffectOutcome } from '../../src/runtime/ports.js';
import type { Ref } from '../../src/runtime/routing.js';
import { eventually } from '../support/eventually.js';
import { startToy, type Toy } from './toy.js';

describe('an effect (invariant 5)', () => {
  let toy: Toy;
  let effects: Effects;
  before(async () => {
    toy = await startToy({ leaseMs: 5000 });
    effects = toy.createEffects();
  });
  after(() => toy.close());
  beforeEach(() => {
    Object.assign(toy.horn, { behave: null, read: null, write: null });
    for (const list of [toy.horn.blown, toy.horn.runs, toy.refs]) list.length = 0;
  });

  const blow = async (text = 'toot'): Promise<Ref> => {
    const actorId = await toy.join();
    const id = await toy.send('BlowHorn', { to: actorId, text });
    return { id, actorId, type: 'BlowHorn', recipient: 'horn', queue: 'horns' };
  };
  const rowOf = async (ref: Ref) => (await toy.mailbox(ref.actorId)).find((row) => row.id === ref.id);
  const heard = async ({ actorId }: Ref) => {
    await toy.drain(actorId);
    return (await toy.state(actorId))?.context.heard;
  };
  const swept = async (ref: Ref) => {
    toy.refs.length = 0;
    await toy.createSweeper().sweep();
    return toy.refs.filter(({ id }) => id === ref.id);
  };
  const lookUps = () => toy.horn.runs.map((run) => run.lookUp);

  it('is run, and its outcome is stored and told with the message’s removal', async () => {
    const ref = await blow();
    await effects.run(ref);
    expect(toy.horn.blown).to.deep.equal([ref.id]);
    expect((await toy.mailbox(ref.actorId)).map((row) => row.type)).to.deep.equal(['Heard']);
    expect(toy.refs.map(({ type, queue }) => ({ type, queue }))).to.deep.equal([{ type: 'Heard', queue: 'players' }]);
    expect((await toy.journal(ref.actorId)).at(-1)).to.include({ type: 'BlowHorn', outcome: 'settled' });
    expect(await heard(ref)).to.deep.equal(['toot']);
  });

  it('happens once, however often its packet arrives, at however many processes', async () => {
    const ref = await blow();
    toy.horn.behave = async () => {
      await sleep(50);
      return 'blow';
    };
    const other = toy.createEffects();
    await Promise.all([effects, other, effects, other].map((process) => process.run(ref)));
    await effects.run(ref);
    expect(toy.horn.blown).to.deep.equal([ref.id]);
    expect(await heard(ref)).to.deep.equal(['toot']);
  });

  it('has its outcome stored before anything else that waits, since its claim lasts only so long', async () => {
    const lane = toy.createLane({ batchSize: 1 });
    const ref = await blow();
    const claim = (await lane.claim(ref)) as Claim;
    const done: string[] = [];
    const others = await Promise.all(Array.from({ length: 5 }, () => toy.join()));
    await Promise.all([
      ...others.map((actorId, index) =>
        lane.submit({ recipient: 'player', actorId }).then(() => done.push(`${index}`)),
      ),
      lane.settle({ claim, outcome: { kind: 'done', emit: [] } }).then(() => done.push('outcome')),
    ]);
    expect(done).to.deep.equal(['outcome', '0', '1', '2', '3', '4']);
    expect(await rowOf(ref)).to.equal(undefined);
  });

  it('has no more calls under way than it may, and gets to all of them', async () => {
    let now = 0;
    let most = 0;
    toy.horn.behave = async () => {
      most = Math.max(most, ++now);
      await sleep(10);
      now--;
      return 'blow';
    };
    const few = toy.createEffects({ concurrency: 3 });
    const refs = await Promise.all(Array.from({ length: 10 }, () => blow()));
    await Promise.all(refs.map((ref) => few.run(ref)));
    expect(most).to.equal(3);
    expect(toy.horn.blown).to.have.members(refs.map((ref) => ref.id));
  });

  it('takes one place in the queue, however often it is asked for while it waits', async () => {
    let finish = () => {};
    toy.horn.behave = () =>
      new Promise((resolve) => {
        finish = () => resolve('blow');
      });
    const few = toy.createEffects({ concurrency: 1 });
    const [first, second] = [await blow(), await blow()];
    const runs = [few.run(first), few.run(second)];
    await Promise.all([few.run(first), few.run(second), few.run(second)]);
    expect(toy.horn.blown, 'they were not waited for').to.deep.equal([]);
    await eventually('the first one is called', async () => toy.horn.runs.length === 1);
    toy.horn.behave = null;
    finish();
    await Promise.all(runs);
    expect(toy.horn.blown).to.deep.equal([first.id, second.id]);
  });

  it('must not call out any more when its claim is nearly over', async () => {
    const ref = await blow();
    toy.horn.leaseMs = 200;
    const expired: boolean[] = [];
    toy.horn.behave = async (_, run) => {
      expired.push(run.expired());
      await sleep(181);
      expired.push(run.expired());
      return 'blow';
    };
    await effects.run(ref);
    toy.horn.leaseMs = 5000;
    expect(expired).to.deep.equal([false, true]);
  });

  it('keeps its outcome while the database is away, and is not run again for it', async () => {
    const ref = await blow();
    let stores = 0;
    toy.horn.write = async (trx) => {
      if (++stores === 1) await sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx);
    };
    await effects.run(ref);
    expect([stores, toy.horn.runs.length]).to.deep.equal([2, 1]);
    expect((await toy.journal(ref.actorId)).at(-1)).to.include({ type: 'BlowHorn', outcome: 'settled' });
  });

  it('leaves its outcome to a look-up when the database stays away for longer than its claim lasts', async () => {
    const ref = await blow();
    toy.horn.leaseMs = 200;
    toy.horn.write = async (trx) => {
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx);
    };
    const failure = await effects.run(ref).then(
      () => null,
      (error: unknown) => error,
    );
    toy.horn.leaseMs = 5000;
    expect(failure).to.be.instanceOf(Error);
    expect(await rowOf(ref)).to.include({ in_doubt: true });
  });

  describe('whose process vanished during the call', () => {
    const abandon = (ref: Ref, before: () => void = () => undefined) => {
      toy.horn.behave = () => {
        before();
        return new Promise(() => undefined);
      };
      void toy.createEffects().run(ref);
      return sleep(0).then(async () => {
        while (toy.horn.runs.length === 0) await sleep(5);
        toy.horn.behave = null;
      });
    };

    it('is left alone until the claim is over', async () => {
      const ref = await blow();
      await abandon(ref);
      await effects.run(ref);
      expect(toy.horn.runs).to.have.length(1);
      expect(await swept(ref)).to.deep.equal([]);
    });

    it('is looked up then, and not repeated when it has happened', async () => {
      const ref = await blow();
      await abandon(ref, () => toy.horn.blown.push(ref.id));
      await toy.endWait(ref.actorId);
      expect(await swept(ref)).to.deep.equal([ref]);
      await effects.run(ref);
      expect(lookUps()).to.deep.equal([false, true]);
      expect(toy.horn.runs.at(-1)).to.include({ attempt: 2 });
      expect(toy.horn.blown).to.deep.equal([ref.id]);
      expect(await heard(ref)).to.deep.equal(['toot']);
    });

    it('is done then when it has not', async () => {
      const ref = await blow();
      await abandon(ref);
      await toy.endWait(ref.actorId);
      await effects.run(ref);
      expect(toy.horn.blown).to.deep.equal([ref.id]);
      expect(await heard(ref)).to.deep.equal(['toot']);
    });
  });

  describe('that is to be asked again', () => {
    const again = (unknown: boolean): EffectOutcome => ({ kind: 'again', afterMs: 60_000, unknown, reason: 'busy' });

    it('waits as long as it was told to, even when another packet arrives', async () => {
      const ref = await blow();
      toy.horn.behave = async () => again(false);
      await effects.run(ref);
      await effects.run(ref);
      expect(toy.horn.runs).to.have.length(1);
      expect(await rowOf(ref)).to.include({ attempts: 1, last_error: 'busy' });
      expect(await swept(ref)).to.deep.equal([]);
    });

    it('is not looked up when it surely did not happen', async () => {
      const ref = await blow();
      toy.horn.behave = async ({ id }) => (toy.horn.runs.length < 2 && id ? again(false) : 'blow');
      await effects.run(ref);
      await toy.endWait(ref.actorId);
      await effects.run(ref);
      expect(lookUps()).to.deep.equal([false, false]);
      expect(toy.horn.blown).to.deep.equal([ref.id]);
    });

    it('is looked up when it may have happened', async () => {
      const ref = await blow();
      toy.horn.behave = async () => {
        toy.horn.blown.push(ref.id);
        return again(true);
      };
      await effects.run(ref);
      await toy.endWait(ref.actorId);
      await effects.run(ref);
      expect(lookUps()).to.deep.equal([false, true]);
      expect(toy.horn.blown).to.deep.equal([ref.id]);
    });
  });

  describe('that outlived its claim, so that another run took over', () => {
    const overtake = async (late: EffectOutcome | 'blow', meanwhile: EffectOutcome | 'blow') => {
      const ref = await blow();
      let finish: () => void = () => undefined;
      toy.horn.behave = () => new Promise((resolve) => (finish = () => resolve(late)));
      const stale = effects.run(ref);
      while (toy.horn.runs.length === 0) await sleep(5);
      await toy.endWait(ref.actorId);
      toy.horn.behave = async () => meanwhile;
      await toy.createEffects().run(ref);
      const taken = await rowOf(ref);
      finish();
      await stale;
      return { ref, taken };
    };

    it('settles nothing any more', async () => {
      const { ref } = await overtake('blow', 'blow');
      expect(await heard(ref)).to.deep.equal(['toot']);
      const settled = (await toy.journal(ref.actorId)).filter((row) => row.outcome === 'settled');
      expect(settled).to.have.length(1);
    });

    const again: EffectOutcome = { kind: 'again', afterMs: 9000, unknown: true, reason: 'the other' };

    it('settles nothing even while the other is not done', async () => {
      const { ref, taken } = await overtake('blow', again);
      expect(await rowOf(ref)).to.deep.equal(taken);
      expect(await heard(ref)).to.deep.equal([]);
    });

    it('does not disturb the other’s claim', async () => {
      const { ref, taken } = await overtake({ ...again, afterMs: 0, unknown: false, reason: 'the late one' }, again);
      expect(await rowOf(ref)).to.deep.equal(taken);
      expect(taken).to.include({ last_error: 'the other', in_doubt: true, attempts: 2 });
    });
  });

  it('whose outcome the database could not take is looked up later', async () => {
    const ref = await blow();
    toy.horn.write = async (trx) => {
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx);
    };
    const failed = await effects.run(ref).catch((error: Error) => error);
    expect(failed).to.be.instanceOf(Error);
    toy.horn.write = null;
    expect(await rowOf(ref)).to.include({ attempts: 1, in_doubt: true });
    await toy.endWait(ref.actorId);
    await effects.run(ref);
    expect(lookUps()).to.deep.equal([false, true]);
    expect(toy.horn.blown).to.deep.equal([ref.id]);
  });
});

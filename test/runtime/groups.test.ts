import { expect } from 'chai';
import { Groups } from '../../src/runtime/groups.js';

/** Work that is finished by hand, group by group. */
function createWork() {
  const groups: {
    items: readonly string[];
    finish: (results?: readonly (string | Error)[]) => void;
    fail: (error: Error) => void;
  }[] = [];
  const work = (items: readonly string[]) =>
    new Promise<readonly (string | Error)[]>((resolve, fail) => {
      groups.push({ items, finish: (results) => resolve(results ?? items.map((item) => `${item}!`)), fail });
    });
  return { groups, work, sizes: () => groups.map(({ items }) => items.length) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const finish = async ({ groups }: ReturnType<typeof createWork>, index: number) => {
  groups[index]?.finish();
  await settle();
};

describe('group commit', () => {
  it('works on a lone item at once', async () => {
    const work = createWork();
    const groups = new Groups({ work: work.work, max: 10 });
    const done = groups.submit('a');
    await settle();
    expect(work.sizes()).to.deep.equal([1]);
    await finish(work, 0);
    expect(await done).to.equal('a!');
  });

  it('takes what is submitted in the same tick together', async () => {
    const work = createWork();
    const groups = new Groups({ work: work.work, max: 10 });
    const done = Promise.all(['a', 'b', 'c'].map((item) => groups.submit(item)));
    await settle();
    expect(work.groups.map(({ items }) => items)).to.deep.equal([['a', 'b', 'c']]);
    await finish(work, 0);
    expect(await done).to.deep.equal(['a!', 'b!', 'c!']);
  });

  it('takes what goes ahead before all that waits, in its own order, and no more in a group than is allowed', async () => {
    const work = createWork();
    const groups = new Groups({ work: work.work, max: 3 });
    const first = groups.submit('a');
    await settle();
    const rest = [
      ...['b', 'c', 'd'].map((item) => groups.submit(item)),
      ...['x', 'y'].map((item) => groups.submit(item, true)),
    ];
    expect(groups.waiting).to.equal(5);
    for (const index of [0, 1, 2]) await finish(work, index);
    expect(work.groups.map(({ items }) => items)).to.deep.equal([['a'], ['x', 'y', 'b'], ['c', 'd']]);
    expect(await Promise.all([first, ...rest])).to.deep.equal(['a!', 'b!', 'c!', 'd!', 'x!', 'y!']);
    await groups.idle();
  });

  it('makes whatever arrives during a group the next group, in the order of arrival', async () => {
    const work = createWork();
    const groups = new Groups({ work: work.work, max: 10 });
    const first = groups.submit('a');
    await settle();
    const rest = ['b', 'c'].map((item) => groups.submit(item));
    await settle();
    rest.push(groups.submit('d'));
    await settle();
    expect(work.sizes(), 'while the first is in work').to.deep.equal([1]);
    expect(groups.waiting).to.equal(3);
    await finish(work, 0);
    expect(work.groups[1]?.items).to.deep.equal(['b', 'c', 'd']);
    await finish(work, 1);
    expect(await Promise.all([first, ...rest])).to.deep.equal(['a!', 'b!', 'c!', 'd!']);
  });

  it('never takes more than its bound into one group', async () => {
    const work = createWork();
    const groups = new Groups({ work: work.work, max: 3 });
    const done = Promise.all(Array.from({ length: 7 }, (_, index) => groups.submit(`${index}`)));
    for (let index = 0; index < 3; index++) {
      await settle();
      await finish(work, index);
    }
    expect(work.sizes()).to.deep.equal([3, 3, 1]);
    expect(await done).to.have.length(7);
  });

  it('rejects the one item whose result is an error, and no other', async () => {
    const work = createWork();
    const groups = new Groups({ work: work.work, max: 10 });
    const done = Promise.allSettled([groups.submit('a'), groups.submit('b')]);
    await settle();
    work.groups[0]?.finish([new Error('a is bad'), 'fine']);
    const [a, b] = await done;
    expect(a).to.have.property('status', 'rejected');
    expect(b).to.deep.equal({ status: 'fulfilled', value: 'fine' });
  });

  it('rejects all items of a group that failed, and goes on with the next', async () => {
    const work = createWork();
    const groups = new Groups({ work: work.work, max: 2 });
    const done = Promise.allSettled(['a', 'b', 'c'].map((item) => groups.submit(item)));
    await settle();
    work.groups[0]?.fail(new Error('gone'));
    await settle();
    await finish(work, 1);
    expect((await done).map(({ status }) => status)).to.deep.equal(['rejected', 'rejected', 'fulfilled']);
  });

  it('is idle once nothing waits and nothing is in work', async () => {
    const work = createWork();
    const groups = new Groups({ work: work.work, max: 1 });
    await groups.idle();
    const done = [groups.submit('a'), groups.submit('b')];
    let idle = false;
    const waiting = groups.idle().then(() => {
      idle = true;
    });
    await settle();
    await finish(work, 0);
    expect(idle, 'after the first').to.equal(false);
    await finish(work, 1);
    expect(idle, 'after the second').to.equal(true);
    await Promise.all([waiting, ...done]);
  });

  it('keeps groups apart when it is told to, but works on a lone item at once', async () => {
    const began: number[] = [];
    const taken: (readonly string[])[] = [];
    const groups = new Groups<string, string>({
      work: async (items) => {
        began.push(performance.now());
        taken.push(items);
        return items;
      },
      max: 10,
      everyMs: 60,
    });
    const asked = performance.now();
    await groups.submit('a');
    expect((began[0] as number) - asked, 'ms until the first').to.be.below(50);
    const rest = [groups.submit('b')];
    await settle();
    rest.push(groups.submit('c'));
    await groups.idle();
    expect(await Promise.all(rest)).to.deep.equal(['b', 'c']);
    expect(taken).to.deep.equal([['a'], ['b', 'c']]);
    // Timers may be a millisecond early.
    expect((began[1] as number) - (began[0] as number), 'ms between the groups').to.be.at.least(58);
  });
});

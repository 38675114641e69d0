import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { grouped } from '../../src/http/grouped.js';

describe('grouped work', () => {
  it('takes what is asked for at once, and meanwhile, in one go each', async () => {
    const groups: (readonly number[])[] = [];
    let running = 0;
    const double = grouped(async (keys: readonly number[]) => {
      groups.push(keys);
      running++;
      expect(running, 'runs under way').to.equal(1);
      await sleep(5);
      running--;
      return keys.map((key) => key * 2);
    });
    const first = [double(1), double(2)];
    await sleep(1);
    const then = [double(3), double(4), double(5)];
    expect(await Promise.all([...first, ...then])).to.deep.equal([2, 4, 6, 8, 10]);
    expect(groups).to.deep.equal([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it('keeps to its limit', async () => {
    const sizes: number[] = [];
    const same = grouped(
      async (keys: readonly number[]) => {
        sizes.push(keys.length);
        return keys;
      },
      { max: 2 },
    );
    expect(await Promise.all([1, 2, 3, 4, 5].map(same))).to.deep.equal([1, 2, 3, 4, 5]);
    expect(sizes).to.deep.equal([2, 2, 1]);
  });

  it('fails those in the group that failed, and goes on', async () => {
    let failing = true;
    const moody = grouped(async (keys: readonly number[]) => {
      if (failing) throw new Error('down');
      return keys;
    });
    const results = await Promise.allSettled([moody(1), moody(2)]);
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    failing = false;
    expect(await moody(3)).to.equal(3);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { instrument, mortalFiles } from '../../../scripts/crashPoints/boundaries.js';
import { bundleInto } from '../../../scripts/crashPoints/bundle.js';
import { planDeaths } from '../../../scripts/crashPoints/plan.js';
import { unreached } from '../../../scripts/crashPoints/unreached.js';
import { testSubfolder } from '../../support/folder.js';

/** Files of the engine that await, and why nobody needs to die there. */
const spared: Readonly<Record<string, string>> = {
  'src/runtime/clockRows.ts': 'single statements of HTTP requests',
  'src/runtime/deadLetters.ts': 'single statements of npm run redrive',
  'src/runtime/fold.ts': 'only reads',
  'src/runtime/retention.ts': 'one transaction per partition, of npm run retention and of housekeeping',
};

describe('crash points', () => {
  let names: string[];
  before(async () => {
    names = await bundleInto(testSubfolder('crash-points-'));
  });

  it('are at every await of the engine', () => {
    const awaiting = readdirSync('src/runtime')
      .map((name) => `src/runtime/${name}`)
      .filter((file) => awaitsIn(file) > 0 && !(file in spared));
    expect(awaiting.filter((file) => !mortalFiles.has(file))).to.deep.equal([]);
    expect(names).to.have.length([...mortalFiles].reduce((sum, file) => sum + awaitsIn(file), 0));
  });

  it('have a name each', () => {
    expect(new Set(names).size).to.equal(names.length);
    expect(names).to.include.members(['drain.run.#work', 'store.lockActors.sql', 'stripe.charge.create']);
  });

  it('are there still if somebody says why nobody comes by', () => {
    expect(names).to.include.members(Object.keys(unreached));
  });

  it('are before and after what is awaited, whatever that is', () => {
    const { code, names: own } = instrument('async () => (await f(await g())).x; async (a) => await a.b?.();', 'm');
    expect(own).to.deep.equal(['m.module.f', 'm.module.g', 'm.module.b']);
    expect(code).to.equal(
      "async () => (await crashPoint.after('m.module.f', (crashPoint.before('m.module.f'), " +
        "f(await crashPoint.after('m.module.g', (crashPoint.before('m.module.g'), g())))))).x; " +
        "async (a) => await crashPoint.after('m.module.b', (crashPoint.before('m.module.b'), a.b?.()));",
    );
  });

  it('are died at twice each, and the same ones for the same seed', () => {
    const reached = { worker: names, web: names.slice(0, 10) };
    const all = planDeaths(reached, 7);
    expect(all).to.have.length(2 * (names.length + 10));
    expect(planDeaths(reached, 7)).to.deep.equal(all);
    expect(planDeaths(reached, 7, 20)).to.have.length(20);
    expect(planDeaths(reached, 8, 20)).to.not.deep.equal(planDeaths(reached, 7, 20));
  });
});

/** How many awaits there are in a file, apart from those in comments. */
const awaitsIn = (file: string): number =>
  readFileSync(file, 'utf8')
    .replace(/\/\*.*?\*\/|\/\/.*?$/gms, '')
    .match(/\bawait\b/g)?.length ?? 0;

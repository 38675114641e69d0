import { expect } from 'chai';
import type { CrashPointVerdict } from '../../scripts/crashPoints/run.js';
import { spawnProcess } from '../support/processes.js';

const deaths = 8;
/** For so long; a busy machine does fewer. */
const seconds = 20;

/** A small `npm run crashpoints`, other points each day; the large one is in docs/reliability.md. */
describe('npm run crashpoints', function () {
  this.timeout(600_000);

  it('kills web and worker at points of their code, and finds nothing lost, doubled or stuck', async () => {
    const day = Math.floor(Date.now() / 86_400_000);
    const args = ['--deaths', String(deaths), '--seconds', String(seconds), '--seed', String(day), '--json'];
    const run = await spawnProcess('scripts/crashPoints.ts', {}, args);
    const { code } = await run.exited;
    const output = run.output();
    expect(code, output).to.equal(0);
    const verdict = JSON.parse(output.slice(output.indexOf('\n{\n'))) as CrashPointVerdict;
    expect(verdict).to.include({ ok: true, seed: day });
    expect(verdict.deaths, verdict.missed.join()).to.have.length.of.at.least(3);
    expect(verdict.wrong).to.deep.equal([]);
  });
});

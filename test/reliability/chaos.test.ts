import { expect } from 'chai';
import type { Verdict } from '../../scripts/chaos/verdict.js';
import { spawnProcess } from '../support/processes.js';

/** Longer than it waits for anything by itself. */
const limitMs = 360_000;

/** A small `npm run chaos`; the large one is in docs/reliability.md. */
describe('npm run chaos', function () {
  this.timeout(limitMs + 60_000);

  it('kills, freezes and cuts everything while orders come in, and finds nothing lost, doubled, stuck or oversold', async () => {
    const args = ['--orders', '60', '--seconds', '20', '--seed', '8', '--json'];
    const chaos = await spawnProcess('scripts/chaos.ts', {}, args);
    // Whatever hangs is to be seen in its output, which a time limit of mocha's would not show.
    const late = setTimeout(() => chaos.signal('SIGTERM'), limitMs);
    const { code } = await chaos.exited;
    clearTimeout(late);
    const output = chaos.output();
    expect(code, output).to.equal(0);
    const verdict = JSON.parse(output.slice(output.indexOf('\n{\n'))) as Verdict;
    expect(verdict).to.include({ ok: true, seed: 8, lost: 0, doubled: 0, stuck: 0, oversold: 0 });
    expect(verdict.orders.acknowledged).to.equal(60);
    expect(verdict.faults.total).to.equal(8);
    expect(Object.keys(verdict.orders.byOutcome)).to.include.members(['fulfilling.booked', 'cancelled']);
  });
});

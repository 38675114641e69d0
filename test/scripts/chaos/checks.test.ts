import { expect } from 'chai';
import { runChecks } from '../../../scripts/chaos/check/checks.js';
import { describeJournals } from './checks/journals.js';
import { describeLeftovers } from './checks/leftovers.js';
import { describeMoney } from './checks/money.js';
import { describeOrders } from './checks/orders.js';
import { openScene, type Scene } from './checks/scene.js';
import { describeStock } from './checks/stock.js';
import { describeStreams } from './checks/streams.js';
import { describeTimers } from './checks/timers.js';

/** One shop for all: every check finds nothing in it, and finds what is planted. */
describe('the checker', function () {
  this.timeout(60_000);
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene?.close());

  it('finds nothing where nothing is wrong', async () => {
    const findings = await runChecks(scene.evidence);
    expect(Object.values(findings).flat()).to.deep.equal([]);
  });

  const current = () => scene;
  describeOrders(current);
  describeMoney(current);
  describeStock(current);
  describeJournals(current);
  describeStreams(current);
  describeLeftovers(current);
  // At last: it lets time pass.
  describeTimers(current);
});

import { expect } from 'chai';
import { type FaultKind, shares } from '../../../scripts/chaos/faults.js';
import { planOrders } from '../../../scripts/chaos/orders.js';
import { planFaults } from '../../../scripts/chaos/schedule.js';
import { countFaults } from '../../../scripts/chaos/verdict.js';

describe('the plan of a run of chaos', () => {
  it('follows from the seed alone', () => {
    expect(planFaults(7, 600)).to.deep.equal(planFaults(7, 600));
    expect(planFaults(7, 600)).to.not.deep.equal(planFaults(8, 600));
    expect(planOrders(7, 100, 60)).to.deep.equal(planOrders(7, 100, 60));
  });

  it('begins the same, however long it is', () => {
    const short = planFaults(7, 45);
    expect(planFaults(7, 900).slice(0, short.length)).to.deep.equal(short);
  });

  it('has a fault every 1 to 5 s', () => {
    const times = [0, ...planFaults(3, 900).map(({ at }) => at)];
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(Math.min(...pauses)).to.be.at.least(1000);
    expect(Math.max(...pauses)).to.be.at.most(5000);
  });

  it('has every kind of fault in its share of each hundred', () => {
    const hundred = planFaults(5, 900).slice(0, 100);
    const counts: Partial<Record<FaultKind, number>> = {};
    for (const { fault } of hundred) counts[fault.kind] = (counts[fault.kind] ?? 0) + 1;
    expect(counts).to.deep.equal(shares);
  });

  it('kills 200 processes and loses either server 20 times within 15 minutes', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const struck = planFaults(seed, 900).map(({ fault }) => ({ fault, skipped: null }));
      const { processKills, redisLosses, postgresRestarts } = countFaults(struck);
      expect(processKills).to.be.at.least(200);
      expect(redisLosses).to.be.at.least(20);
      expect(postgresRestarts).to.be.at.least(20);
    }
  });

  it('freezes processes for longer than any lock of a packet is held', () => {
    const frozen = planFaults(5, 900).flatMap(({ fault }) => (fault.kind === 'processFreeze' ? [fault.ms] : []));
    expect(Math.min(...frozen)).to.be.greaterThan(10_000);
  });
});

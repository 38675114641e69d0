import { expect } from 'chai';
import { recoveryFrom } from '../../../scripts/chaos/recovery.js';

const fault = (overAt: number, skipped: string | null = null) => ({ overAt, skipped });

describe('recovery from a fault', () => {
  it('is the time until the next order comes to rest, and until those in flight do', () => {
    const inFlight = [
      { from: 0, to: 900 },
      { from: 500, to: 3_000 },
      { from: 900, to: 5_000 },
      { from: 1_500, to: 2_000 },
    ];
    const { system, orders } = recoveryFrom([fault(1_000)], inFlight);
    expect(system).to.deep.equal({ p50: 1, p99: 1, count: 1 });
    expect(orders).to.deep.equal({ p50: 2, p99: 4, count: 2 });
  });

  it('counts no fault that could not be done, and none with nothing to recover', () => {
    const inFlight = [{ from: 0, to: 1_000 }];
    expect(recoveryFrom([fault(500, 'not here'), fault(1_000)], inFlight).system.count).to.equal(0);
  });
});

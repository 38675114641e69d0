import { expect } from 'chai';
import { centroidOf } from '../../../src/services/inventory/countryCentroids.js';
import { distanceFromCountryKm, distanceKm } from '../../../src/services/inventory/distance.js';

describe('distances', () => {
  it('follow the great circle', () => {
    const london = { lat: 51.5, lon: -0.13 };
    expect(distanceKm(london, { lat: 40.71, lon: -74.01 })).to.be.closeTo(5570, 20);
    expect(distanceKm(london, london)).to.equal(0);
    expect(distanceKm({ lat: 0, lon: 179 }, { lat: 0, lon: -179 })).to.be.closeTo(222, 2);
  });

  it('start in the middle of the country, and are all alike for one that there is not', () => {
    const dublin = { lat: 53.3, lon: -6.3 };
    expect(distanceFromCountryKm('IE', dublin)).to.be.below(250);
    expect(distanceFromCountryKm('JP', dublin)).to.be.above(9000);
    expect(distanceFromCountryKm('ZZ', dublin)).to.equal(0);
  });

  it('know every country of ISO 3166-1, somewhere on earth', () => {
    const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
    // Codes that CLDR names without their being countries of ISO 3166-1 today, and those that were withdrawn.
    const others = new Set(
      'AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ AN BU CS DD FX NT SU TP YD YU ZR NQ NH HV DY RH PZ WK VD UK JT MI PU FQ PC CT'.split(
        ' ',
      ),
    );
    const countries = letters
      .flatMap((a) => letters.map((b) => a + b))
      .filter((code) => names.of(code) && !others.has(code));
    expect(countries.length).to.be.above(240);
    expect(countries.filter((code) => !centroidOf(code))).to.deep.equal([]);
    for (const code of countries) {
      const { lat, lon } = centroidOf(code) as { lat: number; lon: number };
      expect(Math.abs(lat), code).to.be.at.most(90);
      expect(Math.abs(lon), code).to.be.at.most(180);
    }
  });
});

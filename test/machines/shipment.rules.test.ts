import { expect } from 'chai';
import fc from 'fast-check';
import { carrierNames, estimatedDelivery, type Parcel, quote } from '../../machines/shared/carriers.js';
import { shipmentMachine } from '../../machines/shipment/shipment.machine.js';
import { chooseCarrier, SLA_DAYS } from '../../machines/shipment/shipment.rules.js';
import { shipmentStatuses, shipmentView } from '../../machines/shipment/shipment.view.js';
import { at, id } from './given.js';

const parcel = (country: string, quantity = 1, shippingMethod: Parcel['shippingMethod'] = 'standard'): Parcel => ({
  address: { street: '1 Road', city: 'City', postalCode: '1', country },
  items: [{ productId: id('p'), stockItemId: id('s'), warehouseId: id('w'), quantity }],
  shippingMethod,
});

describe('the choice of a carrier (H-01, R-71, R-75)', () => {
  for (const [country, quantity, method, carrier] of [
    ['US', 1, 'standard', 'USPS'],
    ['US', 21, 'standard', 'UPS'],
    ['US', 120, 'standard', 'FedEx'],
    ['US', 1, 'express', 'UPS'],
    ['CA', 1, 'standard', 'UPS'],
    ['GB', 1, 'standard', 'Royal Mail'],
    ['DE', 1, 'express', 'DHL'],
    ['JP', 1, 'express', 'DHL'],
    ['US', 1000, 'standard', 'UPS'],
  ] as const) {
    it(`sends ${quantity} units to ${country}, ${method}, with ${carrier}`, () => {
      expect(chooseCarrier(parcel(country, quantity, method))).to.equal(carrier);
    });
  }

  it('never takes a later or dearer carrier than another one that fits', () => {
    const parcels = fc
      .tuple(fc.constantFrom('US', 'CA', 'GB', 'FR', 'JP'), fc.integer({ min: 1, max: 150 }), fc.boolean())
      .map(([country, quantity, express]) => parcel(country, quantity, express ? 'express' : 'standard'));
    fc.assert(
      fc.property(parcels, (sent) => {
        const chosen = quote(chooseCarrier(sent), sent);
        expect(chosen.fits).to.equal(true);
        const promised = SLA_DAYS[sent.shippingMethod];
        for (const other of carrierNames.map((name) => quote(name, sent)).filter(({ fits }) => fits)) {
          expect(Math.max(chosen.transitDays, promised)).to.be.at.most(Math.max(other.transitDays, promised));
          if (other.transitDays <= promised) expect(chosen.cost.amount).to.be.at.most(other.cost.amount);
        }
      }),
    );
  });

  it('asks for each unit, and twice the price for express', () => {
    expect(quote('USPS', parcel('US', 3)).cost).to.deep.equal({ amount: 600, currency: 'USD' });
    expect(quote('USPS', parcel('US', 3, 'express')).cost).to.deep.equal({ amount: 1200, currency: 'USD' });
    expect(quote('USPS', parcel('FR', 1)).cost).to.deep.equal({ amount: 2100, currency: 'USD' });
  });

  it('tells when the parcel arrives', () => {
    const sent = parcel('US');
    expect(estimatedDelivery(at(), quote('USPS', sent))).to.equal(at(2 * 24 * 60));
  });
});

describe('the views of a shipment', () => {
  for (const [state, status, catalogue] of [
    ['bookingFailed', 'pending', 'pending'],
    ['manualFulfilment', 'pending', 'pending'],
    ['created', 'created', 'pending'],
    ['dispatched', 'dispatched', 'shipped'],
    ['inTransit', 'in_transit', 'shipped'],
    ['deliveryFailed', 'delivery_failed', 'shipped'],
    ['delivered', 'delivered', 'delivered'],
    ['cancelled', 'cancelled', 'cancelled'],
  ] as const) {
    it(`call ${state} ${status} and ${catalogue}`, () => {
      expect(shipmentView(state)).to.deep.equal({ status, catalogue });
    });
  }

  it('know every state of the machine, and no other', () => {
    expect(Object.keys(shipmentStatuses)).to.have.members(Object.keys(shipmentMachine.states));
    expect(() => shipmentView('lost')).to.throw('lost is not a state of a shipment');
  });
});

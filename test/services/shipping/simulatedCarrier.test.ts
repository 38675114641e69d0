import { expect } from 'chai';
import type { Kysely } from 'kysely';
import { type CarrierName, carrierNames, quote } from '../../../machines/shared/carriers.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import type { Database } from '../../../src/db/tables.js';
import { SimulatedCarrier } from '../../../src/services/shipping/simulatedCarrier.js';
import { at, id } from '../../machines/given.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';
import { bookingRequest, toStreet } from './bookings.js';

describe('the simulated carrier', () => {
  let database: TestDatabase;
  let connection: Connection;
  let db: Kysely<Database>;
  let carrier: SimulatedCarrier;

  before(async function () {
    this.timeout(60_000);
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 4, name: 'test', onError: () => undefined });
    db = connection.db;
    carrier = new SimulatedCarrier({ db });
  });

  after(async () => {
    await connection.close();
    await database.drop();
  });

  const rows = (key: string) =>
    db.selectFrom('shipping.carrier_bookings').selectAll().where('shipment_id', '=', id(key)).execute();
  const booked = async (request: Parameters<SimulatedCarrier['book']>[0]) => {
    const outcome = await carrier.book(request);
    if (outcome.kind !== 'booked') throw new Error(outcome.reason);
    return outcome.booking;
  };

  it('books at once, at its tariff, and can be asked about it', async () => {
    const request = bookingRequest('simple');
    const booking = await booked(request);
    expect(booking).to.include({ carrier: 'USPS', estimatedDelivery: at(2 * 24 * 60) });
    expect(booking.trackingNumber).to.match(/^US[0-9A-Z]{16}$/);
    expect(booking.labelUrl).to.contain(booking.trackingNumber);
    expect(booking.shippingCost).to.deep.equal(quote('USPS', request).cost);
    expect(await carrier.lookUp(request.idempotencyKey)).to.deep.equal(booking);
  });

  it('knows nothing of a key that was not booked', async () => {
    expect(await carrier.lookUp(`${id('never')}-1`)).to.equal(undefined);
  });

  it('books a key once, however often and however close together it is asked', async () => {
    const request = bookingRequest('again');
    const [first, ...others] = await Promise.all([booked(request), booked(request), booked(request)]);
    others.push(await booked({ ...request, requestedAt: at(5) }));
    expect(others).to.deep.equal([first, first, first]);
    expect(await rows('again')).to.have.lengthOf(1);
  });

  it('books many parcels at once, each its own', async () => {
    const requests = Array.from({ length: 300 }, (_, n) => bookingRequest(`parcel ${n}`));
    const bookings = await Promise.all(requests.map(booked));
    expect(new Set(bookings.map(({ trackingNumber }) => trackingNumber)).size).to.equal(300);
    expect(await carrier.lookUp(`${id('parcel 299')}-1`)).to.deep.equal(bookings[299]);
  });

  it('refuses for the carriers that it is told to', async () => {
    const failing = new SimulatedCarrier({ db, failing: new Set<CarrierName>(['USPS']) });
    expect(await failing.book(bookingRequest('refused'))).to.deep.equal({
      kind: 'refused',
      reason: 'USPS does not take this parcel.',
    });
    expect(await rows('refused')).to.be.empty;
    const other = await failing.book(bookingRequest('taken', { carrier: 'Royal Mail' }));
    expect(other.kind).to.equal('booked');
  });

  for (const [street, refusing] of [
    ['1 Pier Road [fail:FedEx]', ['FedEx']],
    ['1 Pier Road [fail:UPS, Royal Mail]', ['UPS', 'Royal Mail']],
    ['1 Pier Road [fail:all]', carrierNames],
    ['1 fail:all Road', []],
  ] as const) {
    it(`refuses parcels to “${street}” for ${refusing.join(', ') || 'nobody'}`, async () => {
      const outcomes = await Promise.all(
        carrierNames.map((name) =>
          carrier.book(
            bookingRequest(street, { ...toStreet(street), carrier: name, idempotencyKey: `${street}${name}` }),
          ),
        ),
      );
      const refused = carrierNames.filter((_, index) => outcomes[index]?.kind === 'refused');
      expect(refused).to.have.members([...refusing]);
    });
  }

  it('refuses parcels that are too big, and carriers that there are not', async () => {
    const request = bookingRequest('big');
    const items = request.items.map((item) => ({ ...item, quantity: 21 }));
    expect(await carrier.book({ ...request, items })).to.include({ kind: 'refused' });
    expect(await carrier.book({ ...request, carrier: 'Pigeon Post' })).to.include({ kind: 'refused' });
  });

  it('voids a label, once, and leaves others alone', async () => {
    const { trackingNumber } = await booked(bookingRequest('void'));
    await booked(bookingRequest('kept'));
    await carrier.voidLabel({ carrier: 'USPS', trackingNumber });
    const [first] = await rows('void');
    expect(first?.voided_at).to.be.instanceOf(Date);
    await carrier.voidLabel({ carrier: 'USPS', trackingNumber });
    expect(await rows('void')).to.deep.equal([first]);
    expect((await rows('kept'))[0]?.voided_at).to.equal(null);
    await carrier.voidLabel({ carrier: 'USPS', trackingNumber: 'unknown' });
  });
});

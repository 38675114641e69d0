import { expect } from 'chai';
import { messages } from '../../../machines/index.js';
import type { Effect, EffectOutcome } from '../../../src/runtime/ports.js';
import { createCarrierEffect } from '../../../src/services/shipping/carrier.js';
import type { Booking, BookingOutcome, BookingRequest, Carrier } from '../../../src/services/shipping/carrierPort.js';
import { at, id, message } from '../../machines/given.js';
import { bookShipment, run } from './bookings.js';

const booking: Booking = {
  carrier: 'USPS',
  trackingNumber: 'US1',
  labelUrl: null,
  shippingCost: { amount: 550, currency: 'USD' },
  estimatedDelivery: at(2880),
};

/** A carrier with a memory, that does as it is told: answers, or loses the request or its answer on the way. */
class ScriptedCarrier implements Carrier {
  readonly booked = new Map<string, Booking>();
  readonly requests: BookingRequest[] = [];
  readonly lookUps: string[] = [];
  readonly voided: string[] = [];
  loses: 'nothing' | 'requests' | 'answers' | 'everything' = 'nothing';
  refuses = false;

  async book(request: BookingRequest): Promise<BookingOutcome> {
    this.requests.push(request);
    if (this.loses === 'requests' || this.loses === 'everything') throw new Error('connection reset');
    if (this.refuses) return { kind: 'refused', reason: 'Strike.' };
    this.booked.set(request.idempotencyKey, booking);
    if (this.loses === 'answers') throw new Error('connection reset');
    return { kind: 'booked', booking };
  }

  async lookUp(idempotencyKey: string): Promise<Booking | undefined> {
    this.lookUps.push(idempotencyKey);
    if (this.loses === 'everything') throw new Error('connection refused');
    return this.booked.get(idempotencyKey);
  }

  async voidLabel({ trackingNumber }: { trackingNumber: string }): Promise<void> {
    if (this.loses !== 'nothing') throw new Error('connection reset');
    this.voided.push(trackingNumber);
  }
}

describe('the carrier effect', () => {
  let carrier: ScriptedCarrier;
  let effect: Effect;
  const shipmentId = id('parcel');
  const request = bookShipment('parcel');
  const shipmentBooked = { type: 'ShipmentBooked', data: { shipmentId, ...booking } };
  const emitted = (outcome: EffectOutcome) => {
    if (outcome.kind === 'again') throw new Error(outcome.reason);
    for (const { type, data } of outcome.emit) messages[type as keyof typeof messages].schema.parse(data);
    return outcome.emit;
  };

  beforeEach(() => {
    carrier = new ScriptedCarrier();
    effect = createCarrierEffect({ carrier, callTimeoutMs: 50 });
  });

  it('books and says so (H-02)', async () => {
    expect(emitted(await effect.run(request, run(), undefined))).to.deep.equal([shipmentBooked]);
    const { attempt: _, ...data } = request.data;
    expect(carrier.requests).to.deep.equal([{ ...data, requestedAt: request.at }]);
    expect(carrier.lookUps).to.be.empty;
  });

  it('tells of a refusal (H-03)', async () => {
    carrier.refuses = true;
    expect(emitted(await effect.run(request, run(), undefined))).to.deep.equal([
      { type: 'BookingFailed', data: { shipmentId, carrier: 'USPS', attempt: 1, failureMessage: 'Strike.' } },
    ]);
  });

  for (const [loss, requests] of [
    ['answers', 1],
    ['requests', 2],
  ] as const) {
    it(`finds out what happened before it asks again when the carrier’s ${loss} are lost (H-03)`, async () => {
      carrier.loses = loss;
      const lost = await effect.run(request, run(), undefined);
      expect(lost).to.deep.equal({
        kind: 'again',
        afterMs: 1000,
        unknown: true,
        reason: 'the carrier did not answer: connection reset',
      });
      carrier.loses = 'nothing';
      const second = await effect.run(request, run({ attempt: 2, lookUp: true }), undefined);
      expect(emitted(second)).to.deep.equal([shipmentBooked]);
      expect(carrier.lookUps).to.deep.equal([request.data.idempotencyKey]);
      expect(carrier.requests).to.have.lengthOf(requests);
      expect(carrier.booked.size).to.equal(1);
    });
  }

  it('waits longer each time, a minute at most', async () => {
    carrier.loses = 'everything';
    const pause = async (attempt: number) => {
      const outcome = await effect.run(request, run({ attempt, lookUp: attempt > 1 }), undefined);
      return outcome.kind === 'again' ? outcome.afterMs : undefined;
    };
    expect(await Promise.all([1, 2, 3, 7, 50].map(pause))).to.deep.equal([1000, 2000, 4000, 60_000, 60_000]);
  });

  it('gives a booking up that surely did not happen after four tries and three looks, which no call can be later than (H-03, H-04)', async () => {
    carrier.loses = 'requests';
    expect((await effect.run(request, run({ attempt: 4, lookUp: true }), undefined)).kind).to.equal('again');
    for (const attempt of [5, 6]) {
      const look = await effect.run(request, run({ attempt, lookUp: true }), undefined);
      expect(look).to.include({ kind: 'again', afterMs: 6_000, unknown: true });
    }
    expect(emitted(await effect.run(request, run({ attempt: 7, lookUp: true }), undefined))).to.deep.equal([
      {
        type: 'BookingFailed',
        data: { shipmentId, carrier: 'USPS', attempt: 1, failureMessage: 'The carrier does not answer.' },
      },
    ]);
    expect(carrier.requests).to.have.lengthOf(1);
  });

  it('takes a call that hangs for one of unknown outcome', async () => {
    carrier.book = () => new Promise(() => undefined);
    expect(await effect.run(request, run(), undefined)).to.include({
      kind: 'again',
      unknown: true,
      reason: 'the carrier did not answer: no answer within 50 ms',
    });
  });

  it('does not begin a call when its lease is running out', async () => {
    const outcome = await effect.run(request, run({ expired: () => true }), undefined);
    expect(outcome).to.include({ kind: 'again', unknown: false });
    const doubtful = run({ expired: () => true, attempt: 2, lookUp: true });
    expect(await effect.run(request, doubtful, undefined)).to.include({ kind: 'again', unknown: true });
    expect(carrier.requests).to.be.empty;
  });

  it('leaves room in its lease for a look-up and a call', () => {
    expect(createCarrierEffect({ carrier }).leaseMs * 0.9).to.be.greaterThan(2 * 2_500);
  });

  describe('voiding a label (H-15)', () => {
    const voiding = message('VoidLabel', { shipmentId, carrier: 'USPS', trackingNumber: 'US1' });

    it('voids it', async () => {
      expect(emitted(await effect.run(voiding, run(), undefined))).to.be.empty;
      expect(carrier.voided).to.deep.equal(['US1']);
    });

    it('tries again until the carrier has answered', async () => {
      carrier.loses = 'requests';
      expect(await effect.run(voiding, run({ attempt: 3 }), undefined)).to.include({ kind: 'again', afterMs: 4000 });
    });
  });
});

import type { FlowmartOutgoing, FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import type { Effect, EffectOutcome, EffectRun } from '../../runtime/ports.js';
import type { Booking, Carrier } from './carrierPort.js';

type BookShipment = FlowmartReceived<'BookShipment'>;

/** Runs of one booking that may ask the carrier; the later ones only look it up. */
const maxRuns = 4;
/**
 * Look-ups after the last of those, each a lease later at the earliest, before the shipment is told that its booking failed and may ask
 * elsewhere: a call whose process has died may arrive late, and make a label that nobody would know of.
 */
const lastLooks = 3;
const maxPauseMs = 60_000;
const leaseMs = 6_000;

export interface CarrierEffectOptions {
  readonly carrier: Carrier;
  /** How long one call may take (ms); two of them must fit into a lease of 6 s. */
  readonly callTimeoutMs?: number;
}

/**
 * The worker that books and voids labels (H-01 to H-05, H-15). A booking whose outcome is unknown is looked up before it is
 * asked for again, under the same key; refusals are told to the shipment, which owns attempts and the fallback carrier.
 */
export function createCarrierEffect(options: CarrierEffectOptions): Effect<MessagesFor<'carrier'>> {
  const { carrier, callTimeoutMs = 2_500 } = options;
  const call = <T>(work: Promise<T>): Promise<T> => withTimeout(work, callTimeoutMs);

  async function book(message: BookShipment, run: EffectRun): Promise<EffectOutcome> {
    const { attempt, ...request } = message.data;
    if (run.lookUp) {
      const found = await call(carrier.lookUp(request.idempotencyKey));
      if (found) return done(booked(message, found));
      if (run.attempt >= maxRuns + lastLooks) return done(bookingFailed(message, 'The carrier does not answer.'));
      if (run.attempt > maxRuns)
        return { kind: 'again', afterMs: leaseMs, unknown: true, reason: 'The last call may arrive late.' };
    }
    // Whoever takes the lease over would look up a call that is only beginning.
    if (run.expired()) return again(run, 'the lease ran out', run.lookUp);
    const outcome = await call(carrier.book({ requestedAt: message.at, ...request }));
    return done(outcome.kind === 'booked' ? booked(message, outcome.booking) : bookingFailed(message, outcome.reason));
  }

  async function voidLabel({ data: { carrier: name, trackingNumber } }: FlowmartReceived<'VoidLabel'>) {
    await call(carrier.voidLabel({ carrier: name, trackingNumber }));
    return done();
  }

  return {
    kind: 'effect',
    leaseMs,
    async run(message: FlowmartReceived<MessagesFor<'carrier'>>, run) {
      try {
        return message.type === 'BookShipment' ? await book(message, run) : await voidLabel(message);
      } catch (error) {
        return again(run, `the carrier did not answer: ${error instanceof Error ? error.message : error}`, true);
      }
    },
  };
}

const done = (...emit: readonly FlowmartOutgoing[]): EffectOutcome => ({ kind: 'done', emit });

const again = ({ attempt }: EffectRun, reason: string, unknown: boolean): EffectOutcome => ({
  kind: 'again',
  afterMs: Math.min(maxPauseMs, 1000 * 2 ** (attempt - 1)),
  unknown,
  reason,
});

const booked = ({ data: { shipmentId } }: BookShipment, booking: Booking): FlowmartOutgoing<'ShipmentBooked'> => ({
  type: 'ShipmentBooked',
  data: { shipmentId, ...booking },
});

const bookingFailed = ({ data }: BookShipment, failureMessage: string): FlowmartOutgoing<'BookingFailed'> => {
  const { shipmentId, carrier, attempt } = data;
  return { type: 'BookingFailed', data: { shipmentId, carrier, attempt, failureMessage } };
};

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

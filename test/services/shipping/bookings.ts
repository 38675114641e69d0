import type { MessageData } from '../../../machines/index.js';
import type { EffectRun } from '../../../src/runtime/ports.js';
import type { BookingRequest } from '../../../src/services/shipping/carrierPort.js';
import { at, id, message } from '../../machines/given.js';

const seattle = { street: '1 Pier Road', city: 'Seattle', postalCode: '98101', country: 'US' };

export const bookShipment = (key: string, change: Partial<MessageData<'BookShipment'>> = {}) =>
  message('BookShipment', {
    shipmentId: id(key),
    orderId: id('order'),
    warehouseId: id('warehouse'),
    carrier: 'USPS',
    attempt: 1,
    idempotencyKey: `${id(key)}-1`,
    address: seattle,
    items: [{ productId: id('mug'), stockItemId: id('stock'), warehouseId: id('warehouse'), quantity: 2 }],
    shippingMethod: 'standard',
    ...change,
  });

export const bookingRequest = (key: string, change: Partial<BookingRequest> = {}): BookingRequest => {
  const { attempt: _, ...data } = bookShipment(key).data;
  return { ...data, requestedAt: at(), ...change };
};

export const toStreet = (street: string) => ({ address: { ...seattle, street } });

export const run = (change: Partial<EffectRun> = {}): EffectRun => ({
  attempt: 1,
  lookUp: false,
  expired: () => false,
  now: () => at(),
  ...change,
});

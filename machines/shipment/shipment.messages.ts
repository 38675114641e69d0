import { z } from 'zod';
import { command, event, privateEvent } from '../shared/message.js';
import { address, allocation, instant, money, uuid } from '../shared/values.js';

const shipment = { shipmentId: uuid, orderId: uuid, customerId: uuid.nullable() };
const tracked = { ...shipment, carrier: z.string(), trackingNumber: z.string() };

export const deliveryFailureCode = z.enum(['address_not_found', 'customer_unavailable', 'damaged_in_transit', 'other']);

/** Messages of the Shipping service and of the carriers that serve it (domain.md 2.4). */
export const shipmentMessages = {
  CreateShipment: command(
    '1.0.0',
    'Ship one warehouse’s part of a paid order (H-01, G-14).',
    z.strictObject({
      ...shipment,
      warehouseId: uuid,
      address,
      items: z.array(allocation).min(1),
      shippingMethod: z.enum(['standard', 'express']),
    }),
  ),
  CancelShipment: command(
    '1.0.0',
    'Void a shipment that has not been dispatched (H-15).',
    z.strictObject({ shipmentId: uuid, reason: z.string().max(500) }),
  ),
  UpdateShipmentStatus: command(
    '1.0.0',
    'A carrier scan or a person moves a parcel (H-07 to H-10).',
    z.strictObject({
      shipmentId: uuid,
      status: z.enum(['dispatched', 'in_transit', 'delivered', 'delivery_failed']),
      location: z.string().max(200).optional(),
      reasonCode: deliveryFailureCode.optional(),
      note: z.string().max(500).optional(),
    }),
  ),
  GenerateLabel: command(
    '1.0.0',
    'A person books by hand what no carrier would (H-06).',
    z.strictObject({
      shipmentId: uuid,
      carrier: z.string().min(1).max(100),
      trackingNumber: z.string().min(1).max(100),
    }),
  ),
  BookShipment: command(
    '1.0.0',
    'Ask one carrier for a label.',
    z.strictObject({
      shipmentId: uuid,
      orderId: uuid,
      warehouseId: uuid,
      carrier: z.string(),
      attempt: z.int().min(1),
      idempotencyKey: z.string(),
      address,
      items: z.array(allocation),
      shippingMethod: z.enum(['standard', 'express']),
    }),
  ),
  VoidLabel: command(
    '1.0.0',
    'Ask the carrier to void a label.',
    z.strictObject({ shipmentId: uuid, carrier: z.string(), trackingNumber: z.string() }),
  ),
  ShipmentBooked: privateEvent(
    '1.0.0',
    'A carrier accepted a booking.',
    z.strictObject({
      shipmentId: uuid,
      carrier: z.string(),
      trackingNumber: z.string(),
      labelUrl: z.string().nullable(),
      shippingCost: money,
      estimatedDelivery: instant,
    }),
  ),
  BookingFailed: privateEvent(
    '1.0.0',
    'A carrier refused a booking.',
    z.strictObject({ shipmentId: uuid, carrier: z.string(), attempt: z.int().min(1), failureMessage: z.string() }),
  ),
  ManualFulfilmentRequired: privateEvent(
    '1.0.0',
    'Three bookings and the fallback carrier failed; operations must label by hand (H-05).',
    z.strictObject({ ...shipment, failureMessage: z.string() }),
  ),
  ShipmentCreated: event(
    '1.0.0',
    'A parcel has a label and a tracking number.',
    z.strictObject({
      ...tracked,
      address,
      items: z.array(allocation),
      shippingMethod: z.enum(['standard', 'express']),
      warehouseId: uuid,
      estimatedDelivery: instant.nullable(),
      shippingCost: money.nullable(),
      createdAt: instant,
    }),
    ['address'],
  ),
  ShipmentDispatched: event(
    '1.0.0',
    'A parcel left the warehouse.',
    z.strictObject({ ...tracked, warehouseId: uuid, items: z.array(allocation), dispatchedAt: instant }),
  ),
  ShipmentInTransit: event(
    '1.0.0',
    'A carrier scanned a parcel.',
    z.strictObject({ ...tracked, location: z.string().nullable(), timestamp: instant }),
  ),
  ShipmentDelivered: event('1.0.0', 'A parcel was delivered.', z.strictObject({ ...tracked, deliveredAt: instant })),
  DeliveryFailed: event(
    '1.1.0',
    'A delivery attempt failed; a decision follows (record 012).',
    z.strictObject({
      ...tracked,
      failureReason: z.string(),
      reasonCode: deliveryFailureCode,
      attempt: z.int().min(1),
      retriable: z.boolean(),
      timestamp: instant,
    }),
  ),
  ShipmentCancelled: privateEvent(
    '1.0.0',
    'A shipment was voided before dispatch.',
    z.strictObject({ ...shipment, timestamp: instant }),
  ),
};

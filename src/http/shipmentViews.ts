import type { Kysely } from 'kysely';
import { z } from 'zod';
import { allocation } from '../../machines/shared/values.js';
import type { ShipmentContext } from '../../machines/shipment/shipment.context.js';
import { shipmentView } from '../../machines/shipment/shipment.view.js';
import type { Database } from '../db/tables.js';
import { readActor } from './actorRows.js';
import { viewAddress } from './addressView.js';
import { problem } from './problem.js';
import { addressSchema, instantSchema, moneySchema, uuidSchema } from './schemas.js';

/** A shipment as clients see it. */
export const shipmentSchema = z
  .strictObject({
    id: uuidSchema,
    orderId: uuidSchema,
    customerId: uuidSchema.nullable(),
    warehouseId: uuidSchema,
    state: z.string().meta({ description: 'The canonical state, such as `inTransit`.' }),
    status: z.enum(['pending', 'created', 'dispatched', 'in_transit', 'delivery_failed', 'delivered', 'cancelled']),
    shippingMethod: z.enum(['standard', 'express']),
    address: addressSchema,
    items: z.array(allocation.meta({ id: 'Allocation' })),
    carrier: z.string().nullable().meta({ description: 'Null until there is a label.' }),
    trackingNumber: z.string().nullable(),
    labelUrl: z.string().nullable(),
    shippingCost: moneySchema.nullable(),
    estimatedDelivery: instantSchema.nullable(),
    location: z.string().nullable(),
    deliveryAttempts: z.int(),
    labelledAt: instantSchema.nullable(),
    dispatchedAt: instantSchema.nullable(),
    deliveredAt: instantSchema.nullable(),
    createdAt: instantSchema,
    updatedAt: instantSchema,
    version: z.int(),
  })
  .meta({ id: 'Shipment' });

/** @throws HttpProblem NOT_FOUND */
export async function readShipment(db: Kysely<Database>, shipmentId: string): Promise<z.output<typeof shipmentSchema>> {
  const shipment = await readActor<ShipmentContext>(db, 'shipping.shipments', shipmentId);
  if (!shipment) throw problem('NOT_FOUND', 'There is no such shipment.');
  const { context, id, state, version, createdAt, updatedAt } = shipment;
  return {
    id,
    orderId: context.orderId,
    customerId: context.customerId,
    warehouseId: context.warehouseId,
    state,
    status: shipmentView(state).status,
    shippingMethod: context.shippingMethod,
    address: viewAddress(context.address),
    items: context.items.map(({ productId, stockItemId, warehouseId, quantity }) => ({
      productId,
      stockItemId,
      warehouseId,
      quantity,
    })),
    carrier: context.trackingNumber === null ? null : context.carrier,
    trackingNumber: context.trackingNumber,
    labelUrl: context.label?.labelUrl ?? null,
    shippingCost: context.label?.shippingCost ?? null,
    estimatedDelivery: context.label?.estimatedDelivery ?? null,
    location: context.location,
    deliveryAttempts: context.deliveryAttempts,
    labelledAt: context.createdAt,
    dispatchedAt: context.dispatchedAt,
    deliveredAt: context.deliveredAt,
    createdAt,
    updatedAt,
    version,
  };
}

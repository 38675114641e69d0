import { z } from 'zod';
import { deliveryFailureCode } from '../../machines/shipment/shipment.messages.js';
import { type CommandPort, send } from './command.js';
import { checkIfMatch, entityTag } from './etag.js';
import { type Answer, type Call, type Route, route } from './route.js';
import { reasonText, uuidSchema } from './schemas.js';
import { readShipment, shipmentSchema } from './shipmentViews.js';

const params = z.strictObject({ shipmentId: uuidSchema });
const answersShipment = {
  200: { description: 'The shipment as it is now.', schema: shipmentSchema, headers: ['ETag'] },
} as const;

const statusBody = z
  .strictObject({
    status: z
      .enum(['dispatched', 'shipped', 'in_transit', 'delivered', 'delivery_failed'])
      .meta({ description: '`shipped` means `dispatched`.' }),
    location: z.string().trim().min(1).max(200).optional(),
    reasonCode: deliveryFailureCode.optional().meta({ description: 'Why a delivery failed.' }),
    note: reasonText.optional(),
  })
  .meta({ id: 'ShipmentStatusUpdate' });

/** `/v1/shipments`. */
export const shipmentRoutes = (deps: CommandPort): Route[] => [
  getShipmentRoute(deps),
  updateStatusRoute(deps),
  cancelShipmentRoute(deps),
  generateLabelRoute(deps),
];

const getShipmentRoute = ({ db }: CommandPort) =>
  route(
    {
      method: 'get',
      path: '/v1/shipments/{shipmentId}',
      operationId: 'getShipment',
      tag: 'Shipments',
      scope: 'shipping:read',
      summary: 'Read a shipment',
      params,
      responses: answersShipment,
      problems: ['NOT_FOUND'],
    },
    async (call) => answer(await readShipment(db, call.params.shipmentId)),
  );

const updateStatusRoute = (deps: CommandPort) =>
  route(
    {
      method: 'put',
      path: '/v1/shipments/{shipmentId}/status',
      operationId: 'updateShipmentStatus',
      tag: 'Shipments',
      scope: 'shipping:write',
      summary: 'Report where a parcel is',
      description:
        'A scan of the carrier, or what a person saw. From `created` a parcel is dispatched, then in transit, then delivered.',
      params,
      body: statusBody,
      example: { status: 'dispatched' },
      understands: ['If-Match'],
      responses: answersShipment,
      problems: ['NOT_FOUND', 'CONFLICT_ERROR', 'PRECONDITION_FAILED'],
    },
    async (call) => {
      const { shipmentId } = call.params;
      const { status: told, ...rest } = call.body;
      const status = told === 'shipped' ? 'dispatched' : told;
      await expectShipment(deps, call, shipmentId);
      await send(deps, call, shipmentId, 'UpdateShipmentStatus', { shipmentId, status, ...rest });
      return answer(await readShipment(deps.db, shipmentId));
    },
  );

const cancelShipmentRoute = (deps: CommandPort) =>
  route(
    {
      method: 'post',
      path: '/v1/shipments/{shipmentId}/cancel',
      operationId: 'cancelShipment',
      tag: 'Shipments',
      scope: 'shipping:write',
      summary: 'Call a parcel back before it is dispatched',
      params,
      body: z.strictObject({ reason: reasonText.default('Cancelled on request.') }).meta({ id: 'CancelShipment' }),
      example: { reason: 'Damaged in the warehouse.' },
      understands: ['If-Match'],
      responses: answersShipment,
      problems: ['NOT_FOUND', 'CONFLICT_ERROR', 'PRECONDITION_FAILED'],
    },
    async (call) => {
      const { shipmentId } = call.params;
      await expectShipment(deps, call, shipmentId);
      await send(deps, call, shipmentId, 'CancelShipment', { shipmentId, reason: call.body.reason });
      return answer(await readShipment(deps.db, shipmentId));
    },
  );

const generateLabelRoute = (deps: CommandPort) =>
  route(
    {
      method: 'post',
      path: '/v1/shipments/{shipmentId}/label',
      operationId: 'generateLabel',
      tag: 'Shipments',
      scope: 'shipping:write',
      summary: 'Book by hand what no carrier would',
      params,
      body: z
        .strictObject({ carrier: z.string().trim().min(1).max(100), trackingNumber: z.string().trim().min(1).max(100) })
        .meta({ id: 'GenerateLabel' }),
      example: { carrier: 'DHL', trackingNumber: 'JD0146000037' },
      understands: ['If-Match'],
      responses: answersShipment,
      problems: ['NOT_FOUND', 'CONFLICT_ERROR', 'PRECONDITION_FAILED'],
    },
    async (call) => {
      const { shipmentId } = call.params;
      await expectShipment(deps, call, shipmentId);
      await send(deps, call, shipmentId, 'GenerateLabel', { shipmentId, ...call.body });
      return answer(await readShipment(deps.db, shipmentId));
    },
  );

async function expectShipment({ db }: CommandPort, { ifMatch, repeated }: Call, shipmentId: string): Promise<void> {
  const { version } = await readShipment(db, shipmentId);
  if (!repeated) checkIfMatch(ifMatch, version);
}

const answer = (shipment: z.output<typeof shipmentSchema>): Answer => ({
  status: 200,
  headers: { ETag: entityTag(shipment.version) },
  body: shipment,
});

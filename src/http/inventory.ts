import { z } from 'zod';
import type { Accepted } from '../runtime/accept.js';
import { listInventory, stockItemAt, stockItemById } from '../services/inventory/queries.js';
import type { StockItemView } from '../services/inventory/stockItem.js';
import { inventoryStatus } from '../services/inventory/stockStatus.js';
import { type CommandPort, send } from './command.js';
import {
  addInventoryBody,
  inventoryListSchema,
  inventoryQuery,
  inventoryStatusSchema,
  setInventoryBody,
  stockItemSchema,
  updateInventoryBody,
} from './inventorySchemas.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { uuidSchema } from './schemas.js';

const productParams = z.strictObject({ productId: uuidSchema });
const itemParams = z.strictObject({ inventoryId: uuidSchema });
const answersItem = { 200: { description: 'The stock item as it is now.', schema: stockItemSchema } };

/** `/v1/inventory` (6.4). */
export const inventoryRoutes = (deps: CommandPort): Route[] => [
  listRoute(deps),
  statusRoute(deps),
  addRoute(deps),
  updateRoute(deps),
  deleteRoute(deps),
  setRoute(deps),
];

const listRoute = ({ db }: CommandPort) =>
  route(
    {
      method: 'get',
      path: '/v1/inventory',
      operationId: 'listInventory',
      tag: 'Inventory',
      scope: 'inventory:read',
      summary: 'List the stock of products',
      query: inventoryQuery,
      responses: { 200: { description: 'A page of products by SKU.', schema: inventoryListSchema } },
    },
    async ({ query: { page, pageSize, inStock, ...filters } }) => {
      const wanted = inStock === undefined ? filters : { ...filters, inStock: inStock === 'true' };
      const { items, totalItems } = await listInventory(db, wanted, { page, pageSize });
      const totalPages = Math.ceil(totalItems / pageSize);
      return {
        status: 200,
        body: { items, pagination: { totalItems, totalPages, currentPage: page, itemsPerPage: pageSize } },
      };
    },
  );

const statusRoute = ({ db }: CommandPort) =>
  route(
    {
      method: 'get',
      path: '/v1/inventory/{productId}/status',
      operationId: 'getInventoryStatus',
      tag: 'Inventory',
      scope: 'inventory:read',
      summary: 'Read everything about the stock of a product',
      params: productParams,
      responses: {
        200: { description: 'Stock by warehouse, and the latest movements.', schema: inventoryStatusSchema },
      },
      problems: ['NOT_FOUND'],
    },
    async ({ params }) => {
      const status = await inventoryStatus(db, params.productId);
      if (!status) throw problem('NOT_FOUND', 'There is no such product.');
      return { status: 200, body: status };
    },
  );

const addRoute = (deps: CommandPort) =>
  route(
    {
      method: 'post',
      path: '/v1/inventory',
      operationId: 'addInventory',
      tag: 'Inventory',
      scope: 'inventory:write',
      summary: 'Take goods in',
      body: addInventoryBody,
      example: {
        productId: '01900000-0000-7000-8000-500000000001',
        warehouseId: '01900000-0000-7000-8000-200000000001',
        quantity: 20,
      },
      responses: { 201: { description: 'The stock item that the goods went to.', schema: stockItemSchema } },
      problems: [
        'UNKNOWN_PRODUCT',
        'UNKNOWN_WAREHOUSE',
        'WAREHOUSE_INACTIVE',
        'WAREHOUSE_FULL',
        'STOCK_ITEM_DISCONTINUED',
      ],
    },
    async (call) => {
      const command = { stockItemId: call.resourceId, performedBy: call.principal.id, ...call.body };
      return { status: 201, body: itemOf(await send(deps, call, call.resourceId, 'AddInventory', command)) };
    },
  );

const updateRoute = (deps: CommandPort) =>
  route(
    {
      method: 'put',
      path: '/v1/inventory/{inventoryId}',
      operationId: 'updateInventory',
      tag: 'Inventory',
      scope: 'inventory:write',
      summary: 'Change stock by a quantity',
      params: itemParams,
      body: updateInventoryBody,
      example: { quantityChange: -2, reason: 'damaged_goods' },
      responses: answersItem,
      problems: [
        'UNKNOWN_STOCK_ITEM',
        'PRODUCT_MISMATCH',
        'INSUFFICIENT_STOCK',
        'WAREHOUSE_INACTIVE',
        'WAREHOUSE_FULL',
        'STOCK_ITEM_DISCONTINUED',
      ],
    },
    async (call) => {
      const { inventoryId: stockItemId } = call.params;
      const item = await stockItemById(deps.db, stockItemId);
      if (!item) throw problem('UNKNOWN_STOCK_ITEM', 'There is no such stock item.');
      const { productId = item.productId, warehouseId = item.warehouseId, quantityChange, reason } = call.body;
      const performedBy = call.principal.id;
      const command = { stockItemId, productId, warehouseId, quantityChange, reason, performedBy };
      return { status: 200, body: itemOf(await send(deps, call, stockItemId, 'UpdateInventory', command)) };
    },
  );

const deleteRoute = (deps: CommandPort) =>
  route(
    {
      method: 'delete',
      path: '/v1/inventory/{inventoryId}',
      operationId: 'deleteInventory',
      tag: 'Inventory',
      scope: 'inventory:write',
      summary: 'Discontinue a stock item',
      params: itemParams,
      responses: answersItem,
      problems: ['UNKNOWN_STOCK_ITEM', 'RESERVATIONS_OPEN'],
    },
    async (call) => {
      const { inventoryId: stockItemId } = call.params;
      const command = { stockItemId, performedBy: call.principal.id };
      return { status: 200, body: itemOf(await send(deps, call, stockItemId, 'DeleteInventory', command)) };
    },
  );

const setRoute = (deps: CommandPort) =>
  route(
    {
      method: 'put',
      path: '/v1/inventory/products/{productId}/stock',
      operationId: 'setInventory',
      tag: 'Inventory',
      scope: 'inventory:write',
      summary: 'Set what is on hand in a warehouse, after a count',
      params: productParams,
      body: setInventoryBody,
      example: { warehouseId: '01900000-0000-7000-8000-200000000001', quantity: 40 },
      responses: answersItem,
      problems: [
        'UNKNOWN_STOCK_ITEM',
        'INSUFFICIENT_STOCK',
        'WAREHOUSE_INACTIVE',
        'WAREHOUSE_FULL',
        'STOCK_ITEM_DISCONTINUED',
      ],
    },
    async (call) => {
      const { productId } = call.params;
      const { warehouseId, quantity, reason } = call.body;
      const item = await stockItemAt(deps.db, productId, warehouseId);
      if (!item) throw problem('UNKNOWN_STOCK_ITEM', 'That warehouse has never had that product.');
      const { stockItemId } = item;
      const command = { stockItemId, productId, warehouseId, quantity, reason, performedBy: call.principal.id };
      return { status: 200, body: itemOf(await send(deps, call, stockItemId, 'SetInventory', command)) };
    },
  );

function itemOf({ answer }: Accepted): z.output<typeof stockItemSchema> {
  const { stockItemId, ...item } = answer as StockItemView;
  return { inventoryId: stockItemId, ...item };
}

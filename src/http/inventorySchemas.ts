import { z } from 'zod';
import { inventoryMessages } from '../../machines/inventory/inventory.messages.js';
import { instantSchema, uuidSchema } from './schemas.js';

const stockStatus = z.enum(['ACTIVE', 'DISCONTINUED', 'QUARANTINED']);

/** The reasons for which people change stock; orders have others. */
const manualReason = z.enum(['restock', 'customer_return', 'damaged_goods', 'transfer', 'manual_correction']);

/** What GetInventoryList may ask for, and which page of it (6.4). */
export const inventoryQuery = z.strictObject({
  category: z.string().min(1).max(100).optional(),
  location: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'A warehouse’s code, its region or its country.' }),
  minStockLevel: z.coerce.number().int().min(0).max(2_147_483_647).optional(),
  inStock: z.enum(['true', 'false']).optional(),
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(100).default(10),
});

export const addInventoryBody = inventoryMessages.AddInventory.schema
  .omit({ stockItemId: true, performedBy: true })
  .extend({ productId: uuidSchema, warehouseId: uuidSchema, quantity: z.int().min(1).max(1_000_000) })
  .meta({ id: 'AddInventory' });

export const updateInventoryBody = z
  .strictObject({
    productId: uuidSchema.optional().meta({ description: 'Must be the stock item’s own when given.' }),
    warehouseId: uuidSchema.optional().meta({ description: 'Must be the stock item’s own when given.' }),
    quantityChange: z.int().min(-1_000_000).max(1_000_000),
    reason: manualReason.default('manual_correction'),
  })
  .meta({ id: 'UpdateInventory' });

export const setInventoryBody = z
  .strictObject({
    warehouseId: uuidSchema,
    quantity: z.int().min(0).max(1_000_000),
    reason: manualReason.default('manual_correction'),
  })
  .meta({ id: 'SetInventory' });

/** One product in one warehouse. */
export const stockItemSchema = z
  .strictObject({
    inventoryId: uuidSchema,
    productId: uuidSchema,
    sku: z.string(),
    warehouseId: uuidSchema,
    quantityOnHand: z.int(),
    quantityReserved: z.int(),
    quantityAvailable: z.int(),
    status: stockStatus,
    version: z.int(),
  })
  .meta({ id: 'StockItem' });

export const inventoryListSchema = z
  .strictObject({
    items: z.array(
      z.strictObject({
        productId: uuidSchema,
        sku: z.string(),
        productName: z.string(),
        category: z.string(),
        quantityOnHand: z.int(),
        quantityReserved: z.int(),
        quantityAvailable: z.int(),
        inStock: z.boolean(),
        lowStock: z.boolean(),
        locations: z.array(
          z.strictObject({
            inventoryId: uuidSchema,
            warehouseId: uuidSchema,
            warehouse: z.string(),
            quantityAvailable: z.int(),
            status: stockStatus,
          }),
        ),
      }),
    ),
    pagination: z.strictObject({
      totalItems: z.int(),
      totalPages: z.int(),
      currentPage: z.int(),
      itemsPerPage: z.int(),
    }),
  })
  .meta({ id: 'InventoryList' });

const location = z.strictObject({
  location: z.strictObject({
    facilityId: z.string(),
    warehouseId: uuidSchema,
    name: z.string(),
    zone: z.string(),
    country: z.string(),
    coordinates: z.strictObject({ latitude: z.number(), longitude: z.number() }),
  }),
  inventory: z.strictObject({
    inventoryId: uuidSchema,
    onHandQuantity: z.int(),
    reservedQuantity: z.int(),
    availableQuantity: z.int(),
    status: stockStatus,
    lastCountDate: z.iso.date().nullable(),
  }),
  qualityMetrics: z.null(),
});

/** GetInventoryStatus (2.2): its core, without what no source feeds (C-59). */
export const inventoryStatusSchema = z
  .strictObject({
    productId: uuidSchema,
    productMetadata: z.strictObject({
      sku: z.string(),
      name: z.string(),
      category: z.strictObject({ primary: z.string() }),
      dimensions: z.strictObject({ weight: z.int() }),
    }),
    aggregatedInventory: z.strictObject({
      totalAvailable: z.int(),
      totalReserved: z.int(),
      totalInTransit: z.int(),
      safetyStock: z.int(),
      reorderLevel: z.int(),
    }),
    locationBreakdown: z.array(location),
    supplierInformation: z.array(z.never()),
    recentMovements: z.array(
      z.strictObject({
        movementId: uuidSchema,
        type: z.enum(['inbound', 'outbound', 'transfer', 'adjustment']),
        quantity: z.int(),
        timestamp: instantSchema,
        reason: z.string(),
        reference: z.strictObject({ orderId: uuidSchema.optional() }),
      }),
    ),
    alerts: z.strictObject({
      lowStock: z.boolean(),
      qualityIssues: z.boolean(),
      supplierDelays: z.boolean(),
      messages: z.array(
        z.strictObject({
          severity: z.enum(['info', 'warning', 'error', 'critical']),
          message: z.string(),
          timestamp: instantSchema,
        }),
      ),
    }),
    lastUpdated: instantSchema,
  })
  .meta({ id: 'InventoryStatus' });

import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Database } from '../db/tables.js';
import { listProducts, type ProductView, productsByIds } from '../services/inventory/queries.js';
import { pageOf, reach } from './page.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { currencySchema, moneySchema, pageQuery, pageSchema, uuidSchema } from './schemas.js';

const productSchema = z
  .strictObject({
    id: uuidSchema,
    sku: z.string(),
    name: z.string(),
    description: z.string(),
    category: z.string(),
    price: moneySchema.nullable().meta({ description: 'Null when the product is not sold in the currency asked for.' }),
    isActive: z.boolean(),
    backorderAllowed: z.boolean(),
    weightG: z.int(),
    stockQuantity: z.int().meta({ description: 'Units that can be ordered now.' }),
  })
  .meta({ id: 'Product' });

const currency = currencySchema
  .optional()
  .meta({ description: 'Shows prices in this currency, not in each product’s own.' });

/** `/v1/products`. */
export const productRoutes = ({ db }: { readonly db: Kysely<Database> }): Route[] => [
  route(
    {
      method: 'get',
      path: '/v1/products',
      operationId: 'listProducts',
      tag: 'Products',
      scope: 'catalogue:read',
      summary: 'List what is for sale',
      query: z.strictObject({ currency, category: z.string().min(1).max(100).optional(), ...pageQuery }),
      responses: { 200: { description: 'A page of products.', schema: pageSchema(productSchema) } },
    },
    async ({ query }) => {
      const { limit, after } = reach(query);
      const { category } = query;
      const rows = await listProducts(db, { limit, after: after ?? undefined, currency: query.currency, category });
      const position = ({ createdAt, productId }: ProductView) => ({ createdAt, id: productId });
      return { status: 200, body: pageOf(rows, query, position, view) };
    },
  ),
  route(
    {
      method: 'get',
      path: '/v1/products/{productId}',
      operationId: 'getProduct',
      tag: 'Products',
      scope: 'catalogue:read',
      summary: 'Read a product',
      params: z.strictObject({ productId: uuidSchema }),
      query: z.strictObject({ currency }),
      responses: { 200: { description: 'The product.', schema: productSchema } },
      problems: ['NOT_FOUND'],
    },
    async ({ params, query }) => {
      const found = await productsByIds(db, [params.productId], query.currency ?? null);
      const product = found.get(params.productId);
      if (!product) throw problem('NOT_FOUND', 'There is no such product.');
      return { status: 200, body: view(product) };
    },
  ),
];

const view = ({ productId, createdAt: _createdAt, ...product }: ProductView): z.output<typeof productSchema> => ({
  id: productId,
  ...product,
});

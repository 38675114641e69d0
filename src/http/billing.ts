import { sql } from 'kysely';
import { z } from 'zod';
import type { InvoiceContext } from '../../machines/invoice/invoice.context.js';
import { listActors } from './actorRows.js';
import { previewRoute } from './billingPreview.js';
import { retryRoute } from './billingRetry.js';
import { params, type SubscriptionPort } from './commandRoute.js';
import { answerInvoice, answersInvoice, currentInvoice } from './invoiceReads.js';
import { invoiceSchema } from './invoiceSchemas.js';
import { invoiceRoutes } from './invoices.js';
import { viewInvoice } from './invoiceViews.js';
import { pageOf, reach } from './page.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { pageQuery, pageSchema } from './schemas.js';
import { readSubscription } from './subscriptionReads.js';

/** `/v1/billing` and `/v1/invoices`. */
export const billingRoutes = (deps: SubscriptionPort): Route[] => [
  currentRoute(deps),
  historyRoute(deps),
  previewRoute(deps),
  retryRoute(deps),
  ...invoiceRoutes(deps),
];

const currentRoute = ({ db }: SubscriptionPort): Route =>
  route(
    {
      method: 'get',
      path: '/v1/billing/invoice/{subscriptionId}',
      operationId: 'getCurrentInvoice',
      tag: 'Billing',
      scope: 'billing:read',
      summary: 'Read the current invoice of a subscription, or print it',
      description: 'The newest one that is not void. A delivery has none: its orders are its invoices.',
      params,
      responses: answersInvoice,
      problems: ['NOT_FOUND'],
    },
    async (call) => {
      await readSubscription(db, call.params.subscriptionId);
      const invoice = await currentInvoice(db, call.params.subscriptionId);
      if (!invoice) throw problem('NOT_FOUND', 'The subscription has no invoice yet.');
      return answerInvoice(db, call, invoice);
    },
  );

const historyRoute = ({ db }: SubscriptionPort): Route =>
  route(
    {
      method: 'get',
      path: '/v1/billing/history/{subscriptionId}',
      operationId: 'listInvoices',
      tag: 'Billing',
      scope: 'billing:read',
      summary: 'List the invoices of a subscription, newest first',
      params,
      query: z.strictObject({ ...pageQuery, limit: pageQuery.limit.default(10) }),
      responses: { 200: { description: 'A page of invoices.', schema: pageSchema(invoiceSchema) } },
      problems: ['NOT_FOUND'],
    },
    async ({ params: { subscriptionId }, query }) => {
      await readSubscription(db, subscriptionId);
      const own = sql`subscription_id = ${subscriptionId}`;
      const rows = await listActors<InvoiceContext>(db, 'billing.invoices', own, reach(query));
      return { status: 200, body: pageOf(rows, query, ({ position }) => position, viewInvoice) };
    },
  );

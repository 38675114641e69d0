import type { Kysely } from 'kysely';
import { z } from 'zod';
import { customerMessages } from '../../machines/customer/customer.messages.js';
import type { Database } from '../db/tables.js';
import { type Customer, listCustomers, readCustomers } from '../services/customers/queries.js';
import { type ClockPort, requireClock } from './clocks.js';
import { type CommandPort, send } from './command.js';
import { pageOf, reach } from './page.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { addressInput, addressSchema, instantSchema, pageQuery, pageSchema, uuidSchema } from './schemas.js';

const name = z.string().trim().min(1).max(100);

const customerBody = customerMessages.RegisterCustomer.schema
  .omit({ customerId: true })
  .extend({ firstName: name, lastName: name, address: addressInput.optional() })
  .meta({ id: 'RegisterCustomer' });

const customerSchema = z
  .strictObject({
    id: uuidSchema,
    firstName: z.string(),
    lastName: z.string(),
    email: z.string(),
    phone: z.string().nullable(),
    locale: z.string().nullable(),
    preferredCurrency: z.string().nullable(),
    address: addressSchema.nullable(),
    dateRegistered: instantSchema,
    isLocked: z.boolean().meta({ description: 'Whether our people must speak to them before they can leave.' }),
    clockId: uuidSchema.nullable().meta({ description: 'The test clock that they live by; null for real time.' }),
  })
  .meta({ id: 'Customer' });

/** `/v1/customers`. */
export const customerRoutes = (deps: CommandPort & ClockPort): Route[] => [
  registerRoute(deps),
  listRoute(deps),
  getRoute(deps),
  lockRoute(deps),
];

const registerRoute = (deps: CommandPort & ClockPort) =>
  route(
    {
      method: 'post',
      path: '/v1/customers',
      operationId: 'registerCustomer',
      tag: 'Customers',
      scope: 'customers:write',
      summary: 'Register a customer',
      body: customerBody,
      example: { firstName: 'Ada', lastName: 'Byron', email: 'ada@example.com' },
      responses: { 201: { description: 'The customer.', schema: customerSchema, headers: ['Location'] } },
      problems: ['EMAIL_TAKEN', 'TEST_CLOCKS_OFF', 'UNKNOWN_CLOCK'],
    },
    async (call) => {
      const customerId = call.resourceId;
      if (call.body.clockId) await requireClock(deps, call.body.clockId);
      const { answer } = await send(deps, call, customerId, 'RegisterCustomer', { customerId, ...call.body });
      return { status: 201, headers: { Location: `/v1/customers/${customerId}` }, body: view(answer as Customer) };
    },
  );

const listRoute = ({ db }: CommandPort) =>
  route(
    {
      method: 'get',
      path: '/v1/customers',
      operationId: 'listCustomers',
      tag: 'Customers',
      scope: 'customers:staff',
      summary: 'List customers, newest first (for staff)',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of customers.', schema: pageSchema(customerSchema) } },
    },
    async ({ query }) => {
      const rows = await listCustomers(db, reach(query));
      return { status: 200, body: pageOf(rows, query, positionOf, view) };
    },
  );

const getRoute = ({ db }: CommandPort) =>
  route(
    {
      method: 'get',
      path: '/v1/customers/{customerId}',
      operationId: 'getCustomer',
      tag: 'Customers',
      scope: 'customers:read',
      summary: 'Read a customer',
      params: z.strictObject({ customerId: uuidSchema }),
      responses: { 200: { description: 'The customer.', schema: customerSchema } },
      problems: ['NOT_FOUND'],
    },
    async ({ params: { customerId } }) => ({ status: 200, body: view(await readCustomer(db, customerId)) }),
  );

const lockRoute = (deps: CommandPort) =>
  route(
    {
      method: 'put',
      path: '/v1/customers/{customerId}/lock',
      operationId: 'setAccountLock',
      tag: 'Customers',
      scope: 'customers:staff',
      summary: 'Lock or unlock the account of a customer (for staff)',
      description: 'Whoever is locked cannot cancel a subscription before our people have spoken to them.',
      params: z.strictObject({ customerId: uuidSchema }),
      body: z.strictObject({ isLocked: z.boolean() }).meta({ id: 'AccountLock' }),
      example: { isLocked: true },
      responses: { 200: { description: 'The customer.', schema: customerSchema } },
      problems: ['NOT_FOUND'],
    },
    async (call) => {
      const { customerId } = await readCustomer(deps.db, call.params.customerId);
      const { answer } = await send(deps, call, customerId, 'SetAccountLock', { customerId, ...call.body });
      return { status: 200, body: view(answer as Customer) };
    },
  );

/** @throws HttpProblem NOT_FOUND */
async function readCustomer(db: Kysely<Database>, customerId: string): Promise<Customer> {
  const customer = (await readCustomers(db, [customerId])).get(customerId);
  if (!customer) throw problem('NOT_FOUND', 'There is no such customer.');
  return customer;
}

const positionOf = ({ dateRegistered, customerId }: Customer) => ({
  createdAt: dateRegistered.replace('Z', '000Z'),
  id: customerId,
});

const view = ({ customerId, ...customer }: Customer): z.output<typeof customerSchema> => ({
  id: customerId,
  ...customer,
});

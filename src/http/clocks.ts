import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Database } from '../db/tables.js';
import { type Clock, createClock, readClock, sendClock } from '../runtime/clockRows.js';
import { problem } from './problem.js';
import { type Answer, type Route, route } from './route.js';
import { instantSchema, uuidSchema } from './schemas.js';
import type { Waiter } from './waiters.js';

/** What routes about test clocks work with. */
export interface ClockPort {
  readonly db: Kysely<Database>;
  readonly waiter: Waiter;
  /** Whether there are any (TEST_CLOCKS). */
  readonly testClocks: boolean;
}

const awaitedSchema = z
  .strictObject({
    id: uuidSchema,
    type: z.string(),
    recipient: z.string(),
    actorId: uuidSchema,
    attempts: z.int(),
    error: z.string().nullable(),
    until: instantSchema
      .nullable()
      .meta({ description: 'In real time: when a call that is under way counts as lost, or is tried again.' }),
  })
  .meta({ id: 'AwaitedMessage' });

const clockSchema = z
  .strictObject({
    id: uuidSchema,
    name: z.string().nullable(),
    now: instantSchema,
    status: z.enum(['ready', 'advancing', 'blocked']).meta({
      description:
        '`ready`: it stands still and nothing is due. `advancing`: it is on its way. `blocked`: on its way, and held up by `parked`.',
    }),
    target: instantSchema.nullable().meta({ description: 'Where it is going.' }),
    nextDueAt: instantSchema.nullable().meta({ description: 'When its next timer is due.' }),
    waitsFor: z.array(awaitedSchema).meta({ description: 'Messages that are on their way or under way, 20 at most.' }),
    parked: z
      .array(awaitedSchema)
      .meta({ description: 'Messages that were given up, 20 at most; it goes on once they are redriven.' }),
  })
  .meta({ id: 'Clock' });

const params = z.strictObject({ clockId: uuidSchema });

/** ISO 8601, forwards, without fractions of anything but seconds. */
const durationSchema = z
  .string()
  .regex(
    /^P(?=[\dT])(\d{1,2}Y)?(\d{1,3}M)?(\d{1,4}W)?(\d{1,5}D)?(T(?=\d)(\d{1,6}H)?(\d{1,7}M)?(\d{1,9}(\.\d{1,3})?S)?)?$/,
  )
  .meta({ description: 'An ISO 8601 duration such as `P1M` or `PT10M`, from where the clock is going already.' });

/** `/v1/clocks`. */
export const clockRoutes = (deps: ClockPort): Route[] => [createRoute(deps), getRoute(deps), advanceRoute(deps)];

const createRoute = (deps: ClockPort) =>
  route(
    {
      method: 'post',
      path: '/v1/clocks',
      operationId: 'createClock',
      tag: 'Clocks',
      scope: 'clocks:write',
      summary: 'Make a test clock',
      description:
        'A customer who is registered with its id lives by it, and so does everything of theirs: orders, payments, subscriptions.',
      body: z
        .strictObject({ name: z.string().trim().min(1).max(100).optional(), now: instantSchema.optional() })
        .meta({ id: 'CreateClock' }),
      example: { name: 'a year of deliveries', now: '2026-01-31T09:00:00Z' },
      responses: { 201: { description: 'The clock, standing still.', schema: clockSchema, headers: ['Location'] } },
      problems: ['TEST_CLOCKS_OFF'],
    },
    async ({ resourceId: id, body: { name = null, now = null } }) => {
      requireTestClocks(deps);
      await createClock(deps.db, { id, name, now });
      return { status: 201, headers: { Location: `/v1/clocks/${id}` }, body: await read(deps, id) };
    },
  );

const getRoute = (deps: ClockPort) =>
  route(
    {
      method: 'get',
      path: '/v1/clocks/{clockId}',
      operationId: 'getClock',
      tag: 'Clocks',
      scope: 'clocks:read',
      summary: 'Read a test clock',
      params,
      responses: { 200: { description: 'The clock.', schema: clockSchema } },
      problems: ['TEST_CLOCKS_OFF', 'NOT_FOUND'],
    },
    async ({ params: { clockId } }) => {
      requireTestClocks(deps);
      return { status: 200, body: await read(deps, clockId) };
    },
  );

const advanceRoute = (deps: ClockPort) =>
  route(
    {
      method: 'post',
      path: '/v1/clocks/{clockId}/advance',
      operationId: 'advanceClock',
      tag: 'Clocks',
      scope: 'clocks:write',
      summary: 'Move a test clock',
      description:
        'Fires every timer on the way in due order, each once everything before it is done. Going to where it stands only waits until it has settled. Of several requests the farthest counts.',
      params,
      body: z
        .strictObject({ to: instantSchema.optional(), by: durationSchema.optional() })
        .refine(({ to, by }) => (to === undefined) !== (by === undefined), 'either `to` or `by`')
        .meta({ id: 'AdvanceClock' }),
      example: { by: 'P1M' },
      understands: ['Prefer'],
      responses: {
        200: { description: 'It has settled, or is blocked.', schema: clockSchema },
        202: { description: 'It is on its way; read it to see when it has settled.', schema: clockSchema },
      },
      problems: ['TEST_CLOCKS_OFF', 'NOT_FOUND', 'CLOCK_PAST'],
    },
    async ({ params: { clockId }, body, wait, gone }) => {
      requireTestClocks(deps);
      const { to, by = '' } = body;
      if (!(await sendClock(deps.db, clockId, to === undefined ? { by } : { to }))) {
        const { now } = await read(deps, clockId);
        throw problem('CLOCK_PAST', `The clock is at ${now}; it goes forwards only, until the year 9999.`);
      }
      if (wait === null) return onItsWay(await read(deps, clockId));
      await deps.waiter.settled('clock', clockId, wait * 1000, gone());
      return onItsWay(await read(deps, clockId), { 'Preference-Applied': `wait=${wait}` });
    },
  );

/** @throws HttpProblem TEST_CLOCKS_OFF, UNKNOWN_CLOCK */
export async function requireClock(deps: ClockPort, id: string): Promise<void> {
  requireTestClocks(deps);
  if (!(await readClock(deps.db, id))) throw problem('UNKNOWN_CLOCK', 'There is no such test clock.');
}

function requireTestClocks({ testClocks }: ClockPort): void {
  if (!testClocks) throw problem('TEST_CLOCKS_OFF', 'Test clocks are there when FlowMart runs with TEST_CLOCKS=on.');
}

async function read({ db }: ClockPort, id: string): Promise<Clock> {
  const clock = await readClock(db, id);
  if (!clock) throw problem('NOT_FOUND', 'There is no such test clock.');
  return clock;
}

const onItsWay = (clock: Clock, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: clock.status === 'advancing' ? 202 : 200,
  headers,
  body: clock,
});

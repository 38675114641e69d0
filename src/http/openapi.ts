import { z } from 'zod';
import { type ProblemCode, problemCodes } from './problemCodes.js';
import type { AnyRouteDefinition, Route, Tag } from './route.js';
import { problemSchema } from './schemas.js';

type Json = Record<string, unknown>;

const everyRoute: readonly ProblemCode[] = [
  'VALIDATION_ERROR',
  'DUPLICATE_HEADER',
  'FORBIDDEN',
  'UNAVAILABLE',
  'INTERNAL_ERROR',
];
const withBody: readonly ProblemCode[] = ['MALFORMED_BODY', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];
const withKey: readonly ProblemCode[] = ['IDEMPOTENCY_IN_FLIGHT', 'IDEMPOTENCY_KEY_REUSED'];

const requestHeaders = {
  'Idempotency-Key': {
    description:
      'Makes the request safe to repeat for 24 hours: whatever comes again under the same key gets the first answer.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
  'If-Match': {
    description: 'The `ETag` of the version that was seen; another version is answered with 412.',
    schema: { type: 'string' },
  },
  Prefer: {
    description: '`wait=N` keeps the answer back until the result is settled, N seconds (30) at most (RFC 7240).',
    schema: { type: 'string', examples: ['wait=5'] },
  },
} as const;

const responseHeaders = {
  Location: { description: 'The address of what was created.', schema: { type: 'string' } },
  ETag: { description: 'The version, for `If-Match`.', schema: { type: 'string' } },
} as const;

/** The API as an OpenAPI 3.1 document, made from the very definitions that requests are checked against. */
export function openApiDocument(routes: readonly Route[]): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  for (const { definition } of routes) {
    const item = paths[definition.path] ?? {};
    item[definition.method] = operation(definition, schemas);
    paths[definition.path] = item;
  }
  jsonSchema(problemSchema, 'output', schemas);
  return {
    openapi: '3.1.1',
    info: {
      title: 'FlowMart API',
      version: '1.0.0',
      description: introduction,
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ definition }) => definition.tag))].map((name) => ({
      name,
      description: tags[name],
    })),
    paths,
    components: { schemas },
  };
}

const tags: Readonly<Record<Tag, string>> = {
  Orders: 'From the basket to the doorstep',
  Payments: 'What is collected for orders',
  Fraud: 'How risky payments are, and who decides',
  Shipments: 'Parcels on their way',
  Inventory: 'Stock by warehouse',
  Notifications: 'What people are told',
  Products: 'What is for sale',
  Customers: 'Who buys',
  Clocks: 'Months in moments, for those who try FlowMart out',
  Plans: 'What can be subscribed to',
  Subscriptions: 'Plans and deliveries that come again and again',
  Billing: 'Invoices, and what the next one will say',
};

const introduction = [
  'Orders, payments, stock, shipments and what belongs to them.',
  '',
  '- Amounts are integers in the minor unit of their currency: `{"amount": 13497, "currency": "USD"}` is $134.97. Ids are UUIDs, instants are UTC.',
  '- Every request that changes something may carry an `Idempotency-Key`, and is then safe to repeat.',
  '- Every answer has an `X-Request-Id` and an `X-Correlation-Id`; send the latter to tie several requests together.',
  '- Failures are problem documents (RFC 9457) whose `code` is stable.',
  '',
  '<details><summary>The problem codes</summary>',
  '',
  '| code | status | |',
  '|---|---|---|',
  ...Object.entries(problemCodes).map(([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} |`),
  '',
  '</details>',
].join('\n');

function operation(definition: AnyRouteDefinition, schemas: Json): Json {
  const idempotent = definition.method !== 'get';
  return {
    operationId: definition.operationId,
    tags: [definition.tag],
    summary: definition.summary,
    ...(definition.description ? { description: definition.description } : {}),
    'x-scope': definition.scope,
    parameters: [
      ...parameters('path', definition.params, schemas),
      ...parameters('query', definition.query, schemas),
      ...[...(idempotent ? (['Idempotency-Key'] as const) : []), ...(definition.understands ?? [])].map((name) => ({
        name,
        in: 'header',
        required: false,
        ...requestHeaders[name],
      })),
    ],
    ...(definition.body ? { requestBody: requestBody(definition.body, definition.example, schemas) } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(responsesOf(definition)).map(([status, { description, schema, page, headers }]) => [
          status,
          {
            description,
            ...(headers ? { headers: Object.fromEntries(headers.map((name) => [name, responseHeaders[name]])) } : {}),
            ...(schema ? { content: content(schema, page, schemas) } : {}),
          },
        ]),
      ),
      ...problemResponses([
        ...everyRoute,
        ...(definition.body ? withBody : []),
        ...(idempotent ? withKey : []),
        ...(definition.problems ?? []),
      ]),
    },
  };
}

/** The answers of a route; one that commands an actor may find it busy with an earlier message, and then tells how things are now. */
function responsesOf({ responses, problems = [] }: AnyRouteDefinition): AnyRouteDefinition['responses'] {
  const [done] = Object.values(responses);
  if (!done || !problems.includes('CONFLICT_ERROR')) return responses;
  const waiting = 'The command is stored, and is done as soon as an earlier message that is being retried is.';
  return { 202: { ...done, description: waiting }, ...responses };
}

const content = (schema: z.ZodType, page: true | undefined, schemas: Json): Json => ({
  'application/json': { schema: jsonSchema(schema, 'output', schemas) },
  ...(page ? { 'text/html': { schema: { type: 'string' } } } : {}),
});

function parameters(place: 'path' | 'query', schema: z.ZodType | undefined, schemas: Json): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input', schemas) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description ? { description } : {}),
    schema: property,
  }));
}

function requestBody(schema: z.ZodType, example: unknown, schemas: Json): Json {
  return {
    required: !schema.safeParse({}).success,
    content: {
      'application/json': {
        schema: jsonSchema(schema, 'input', schemas),
        ...(example === undefined ? {} : { example }),
      },
    },
  };
}

function problemResponses(codes: readonly ProblemCode[]): Json {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const { status } = problemCodes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      status,
      {
        description: of.map((code) => `\`${code}\`: ${problemCodes[code].title}.`).join('\n\n'),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

/** A schema as JSON Schema; those with a name go to the document's components and are referred to. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const { $schema, $defs, ...root } = z.toJSONSchema(schema, { io }) as Json & { $defs?: Json };
  for (const [name, definition] of Object.entries($defs ?? {})) schemas[name] = withComponentRefs(definition);
  return withComponentRefs(root) as Json;
}

function withComponentRefs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withComponentRefs);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' ? String(inner).replace('#/$defs/', '#/components/schemas/') : withComponentRefs(inner),
    ]),
  );
}

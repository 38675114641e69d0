import { expect } from 'chai';
import { openApiDocument } from '../../src/http/openapi.js';
import { problemCodes } from '../../src/http/problemCodes.js';
import { allRoutes } from '../../src/http/routes.js';
import { openDocument } from './contract.js';

type Node = Readonly<Record<string, unknown>>;

const routes = allRoutes({} as Parameters<typeof allRoutes>[0]);
const document = openApiDocument(routes) as Node & { paths: Record<string, Record<string, Node>> };
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

/** Every `$ref` below a node. */
function refsIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => (key === '$ref' ? [String(value)] : refsIn(value)));
}

describe('the OpenAPI document', () => {
  it('has every route, each under a name of its own', () => {
    expect(operations).to.have.lengthOf(routes.length);
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).to.equal(names.length);
  });

  it('refers only to what it contains', () => {
    const { schemas } = document.components as { schemas: Node };
    const missing = refsIn(document).filter((ref) => !(ref.replace('#/components/schemas/', '') in schemas));
    expect(missing).to.deep.equal([]);
  });

  it('declares the parameters of every path', () => {
    for (const { path, operation } of operations) {
      const declared = (operation.parameters as { in: string; name: string; required: boolean }[]).filter(
        (parameter) => parameter.in === 'path',
      );
      expect(declared.map(({ name }) => `{${name}}`)).to.have.members(path.match(/\{\w+\}/g) ?? [], path);
      expect(declared.every(({ required }) => required)).to.equal(true);
    }
  });

  it('has an example for every body, which its own schema lets through', () => {
    for (const { definition } of routes) {
      if (!definition.body) continue;
      const result = definition.body.safeParse(definition.example);
      expect(result.success, `${definition.operationId}: ${JSON.stringify(result.error?.issues)}`).to.equal(true);
    }
  });

  it('refuses unknown fields in every body', () => {
    for (const { definition } of routes) {
      if (!definition.body) continue;
      const result = definition.body.safeParse({ ...(definition.example as object), surprise: 1 });
      expect(result.success, definition.operationId).to.equal(false);
    }
  });

  it('offers an idempotency key for everything that changes something', () => {
    for (const { method, operation } of operations) {
      const names = (operation.parameters as { name: string }[]).map(({ name }) => name);
      expect(names.includes('Idempotency-Key'), String(operation.operationId)).to.equal(method !== 'get');
    }
  });

  it('explains every problem code', () => {
    const { description } = document.info as { description: string };
    for (const code of Object.keys(problemCodes)) expect(description).to.contain(`\`${code}\``);
  });

  it('knows bodies by the fields of a client, not by ours', () => {
    const { schemas } = document.components as { schemas: Record<string, { properties: Node; required: string[] }> };
    expect(schemas.PlaceOrder?.required).to.have.members(['items', 'shippingAddress', 'payment']);
    expect(schemas.AddressInput?.properties).to.include.keys('street', 'line1', 'zipCode');
    expect(schemas.Address?.properties).not.to.include.keys('line1');
  });

  it('can be used to check answers', () => {
    const contract = openDocument(document);
    expect(contract.problemsWith('get', '/v1/orders/0190aaaa-0000-7000-8000-000000000001', 200, { id: 1 })).not.to.be
      .empty;
    expect(contract.problemsWith('get', '/v1/nothing', 200, {})).to.deep.equal(['no such operation: get /v1/nothing']);
    expect(contract.problemsWith('get', '/v1/products', 418, {})).to.deep.equal(['listProducts answers no 418']);
    expect(contract.problemsWith('get', '/v1/products', 200, { items: [], nextCursor: null })).to.deep.equal([]);
  });
});

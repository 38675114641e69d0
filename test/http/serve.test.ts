import { expect } from 'chai';
import { z } from 'zod';
import type { Claim, IdempotencyKeys } from '../../src/http/idempotency.js';
import { isUuid } from '../../src/http/ids.js';
import { problem } from '../../src/http/problem.js';
import { type Call, route } from '../../src/http/route.js';
import { routerOf } from '../../src/http/serve.js';
import { serving, silent } from './serving.js';

const calls: Call[] = [];
const toys = [
  route(
    {
      method: 'put',
      path: '/v1/toys/{toyId}',
      operationId: 'putToy',
      tag: 'Products',
      scope: 'catalogue:read',
      summary: 'Put a toy',
      params: z.strictObject({ toyId: z.uuid() }),
      query: z.strictObject({ shelf: z.coerce.number().int().optional() }),
      body: z.strictObject({
        parts: z.array(z.strictObject({ name: z.string().min(1) })),
        'a/b~c': z.int().optional(),
      }),
      responses: { 200: { description: 'Put.' } },
    },
    async (call) => {
      calls.push(call);
      if (call.body.parts.length === 0) throw problem('CONFLICT_ERROR', 'No parts.');
      return { status: 200, headers: { ETag: '"1"' }, body: { shelf: call.query.shelf ?? null } };
    },
  ),
  route(
    {
      method: 'delete',
      path: '/v1/toys/{toyId}',
      operationId: 'deleteToy',
      tag: 'Products',
      scope: 'catalogue:read',
      summary: 'Throw a toy away',
      responses: { 204: { description: 'Gone.' } },
    },
    async () => ({ status: 204 }),
  ),
  route(
    {
      method: 'get',
      path: '/v1/toys/{toyId}/leaflet',
      operationId: 'getLeaflet',
      tag: 'Products',
      scope: 'catalogue:read',
      summary: 'Read how to play with a toy',
      responses: { 200: { description: 'The leaflet.', schema: z.strictObject({ text: z.string() }), page: true } },
    },
    async ({ wantsPage }) =>
      wantsPage ? { status: 200, page: '<p>Play.</p>' } : { status: 200, body: { text: 'Play.' } },
  ),
];

const noKeys: IdempotencyKeys = {
  claim: (): Promise<Claim> => Promise.reject(new Error('nobody asked for a key')),
  answer: () => Promise.resolve(),
  release: () => Promise.resolve(),
};
const router = routerOf(toys, { keys: noKeys, log: silent });
const server = serving(router);
const toy = '/v1/toys/0190aaaa-0000-7000-8000-000000000001';

describe('a route', () => {
  beforeEach(() => calls.splice(0));

  it('gives a page to whoever would rather have one, and JSON to everybody else', async () => {
    const leaflet = (accept?: string) => {
      const request = server.get(`${toy}/leaflet`);
      return accept === undefined ? request : request.set('Accept', accept);
    };
    const page = await leaflet('text/html,application/xhtml+xml,*/*;q=0.8');
    expect(page.headers['content-type']).to.equal('text/html; charset=utf-8');
    expect(page.headers.vary).to.equal('Accept');
    expect(page.text).to.equal('<p>Play.</p>');
    for (const accept of [undefined, '*/*', 'application/json', 'application/json, text/html;q=0.5', 'image/png']) {
      const answer = await leaflet(accept);
      expect(answer.body, accept).to.deep.equal({ text: 'Play.' });
      expect(answer.headers.vary).to.equal('Accept');
    }
  });

  it('gets what its schemas let through, and answers', async () => {
    const answer = await server
      .put(`${toy}?shelf=3`)
      .set('If-Match', '"7"')
      .send({ parts: [{ name: 'wheel' }] });
    expect(answer.status).to.equal(200);
    expect(answer.body).to.deep.equal({ shelf: 3 });
    expect(answer.headers).to.include({ etag: '"1"', 'cache-control': 'no-store', 'content-type': 'application/json' });
    expect(calls[0]).to.include({ ifMatch: '"7"', wait: null, repeated: false });
    expect(calls[0]?.principal.id).to.equal('anonymous');
    expect(isUuid(calls[0]?.resourceId as string)).to.be.true;
  });

  it('may answer without a body', async () => {
    const answer = await server.delete(toy);
    expect(answer.status).to.equal(204);
    expect(answer.text).to.equal('');
  });

  it('hears of every mistake in a request at once, and where it is', async () => {
    const answer = await server
      .put('/v1/toys/7?shelf=top&colour=red')
      .send({ parts: [{ name: 'wheel', size: 3 }, { name: '' }], 'a/b~c': 'x', owner: 'me' });
    expect(answer.status).to.equal(400);
    expect(answer.body.code).to.equal('VALIDATION_ERROR');
    expect(calls).to.be.empty;
    const errors = answer.body.errors as { in: string; pointer: string; detail: string }[];
    expect(errors.map((error) => `${error.in} ${error.pointer}`)).to.have.members([
      'path /toyId',
      'query /shelf',
      'query /colour',
      'body /parts/0/size',
      'body /parts/1/name',
      'body /a~1b~0c',
      'body /owner',
    ]);
    expect(errors.find(({ pointer }) => pointer === '/owner')?.detail).to.equal('unknown field');
  });

  it('refuses a query field that comes twice', async () => {
    const answer = await server.put(`${toy}?shelf=1&shelf=2`).send({ parts: [] });
    expect(answer.status).to.equal(400);
    expect(answer.body.errors[0]).to.include({ in: 'query', pointer: '/shelf' });
  });

  it('lists no more than fifty mistakes', async () => {
    const answer = await server.put(toy).send({ parts: Array.from({ length: 500 }, () => ({})) });
    expect(answer.body.errors).to.have.lengthOf(50);
    expect(answer.body.detail).to.contain('500 things');
  });

  it('is told apart from one that is not there by method', async () => {
    const answer = await server.post(toy);
    expect(answer.status).to.equal(405);
    expect(answer.headers.allow).to.contain('PUT').and.contain('DELETE');
    expect(answer.body.code).to.equal('METHOD_NOT_ALLOWED');
  });

  it('survives an address that cannot be decoded', async () => {
    const answer = await server.put('/v1/toys/%E0%A4%A').send({ parts: [] });
    expect(answer.status).to.equal(400);
  });

  it('may refuse with a problem', async () => {
    const answer = await server.put(toy).send({ parts: [] });
    expect(answer.status).to.equal(409);
    expect(answer.headers['content-type']).to.equal('application/problem+json');
  });

  for (const key of ['x'.repeat(256), ' ', 'ключ']) {
    it(`refuses the idempotency key ${JSON.stringify(key.slice(0, 8))} (${key.length})`, async () => {
      const answer = await server
        .put(toy)
        .set('Idempotency-Key', Buffer.from(key).toString('latin1'))
        .send({ parts: [] });
      expect(answer.status).to.equal(400);
      expect(answer.body.errors[0]).to.include({ in: 'header', pointer: 'idempotency-key' });
    });
  }
});

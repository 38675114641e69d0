import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Client } from '../../../scripts/chaos/client.js';

describe('a customer’s client', () => {
  let server: Server;
  let url: string;
  const requests = { now: 0, most: 0, keys: [] as unknown[] };
  let statuses: number[] = [];
  let answersAfterMs = 0;
  before(async () => {
    server = createServer((request, response) => {
      requests.keys.push(request.headers['idempotency-key']);
      requests.most = Math.max(requests.most, ++requests.now);
      setTimeout(() => {
        requests.now--;
        response.writeHead(statuses.shift() ?? 201, { 'content-type': 'application/json' }).end('{}');
      }, answersAfterMs);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());
  beforeEach(() => {
    Object.assign(requests, { now: 0, most: 0, keys: [] });
    statuses = [];
    answersAfterMs = 0;
  });

  const client = () => new Client([url], new AbortController().signal);

  it('has at most 500 requests under way, and gets an answer to each', async () => {
    answersAfterMs = 1_500;
    const one = client();
    const replies = await Promise.all(Array.from({ length: 1200 }, () => one.send('POST', '/', {})));
    expect(replies.every(({ status }) => status === 201)).to.equal(true);
    expect(requests.most).to.be.within(300, 500);
  });

  it('asks again under the same key until there is an answer for good', async () => {
    statuses = [503, 429];
    const { status } = await client().send('POST', '/', {}, 'key-1');
    expect(status).to.equal(201);
    expect(requests.keys).to.deep.equal(['key-1', 'key-1', 'key-1']);
  });
});

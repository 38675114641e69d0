import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import Koa from 'koa';
import type { HttpState } from '../../../src/http/middleware/httpState.js';
import { problems } from '../../../src/http/middleware/problems.js';
import { requestId } from '../../../src/http/middleware/requestId.js';
import { singleHeaders } from '../../../src/http/middleware/singleHeaders.js';
import { silent } from '../serving.js';

/** Sends headers as they stand, twice where they stand twice; answers the status. */
async function statusOf(headers: readonly string[]): Promise<number> {
  const app = new Koa<HttpState>();
  app.use(requestId).use(problems(silent)).use(singleHeaders);
  app.use((ctx) => {
    ctx.body = 'fine';
  });
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    return await new Promise((resolve, reject) => {
      const sent = httpRequest({
        port,
        host: '127.0.0.1',
        headers: ['Host', 'localhost', 'Connection', 'close', ...headers],
      });
      sent.on('error', reject).on('response', (answer) => {
        answer.resume();
        resolve(answer.statusCode as number);
      });
      sent.end();
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('headers that are sent twice', () => {
  for (const name of ['Idempotency-Key', 'X-Correlation-Id', 'If-Match', 'Authorization', 'Content-Type', 'Host']) {
    it(`are refused: ${name}`, async () => {
      expect(await statusOf([name, 'a', name, 'b'])).to.equal(400);
      expect(await statusOf([name, 'a', name.toLowerCase(), 'a'])).to.equal(400);
    });
  }

  it('are fine where a list is meant', async () => {
    expect(await statusOf(['Prefer', 'wait=1', 'Prefer', 'respond-async'])).to.equal(200);
    expect(await statusOf(['Accept', 'text/html', 'Accept', 'application/json'])).to.equal(200);
  });
});

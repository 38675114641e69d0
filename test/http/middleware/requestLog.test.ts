import { expect } from 'chai';
import Koa from 'koa';
import supertest from 'supertest';
import type { HttpState } from '../../../src/http/middleware/httpState.js';
import { problems } from '../../../src/http/middleware/problems.js';
import { requestId } from '../../../src/http/middleware/requestId.js';
import { requestLog } from '../../../src/http/middleware/requestLog.js';
import { problem } from '../../../src/http/problem.js';
import { recordingLog, silent } from '../serving.js';

function logged() {
  const { log, lines } = recordingLog();
  const app = new Koa<HttpState>();
  app.use(requestId).use(requestLog(log)).use(problems(silent));
  app.use((ctx) => {
    if (ctx.path === '/gone') throw problem('NOT_FOUND', 'Gone.');
    ctx.body = 'fine';
  });
  return { request: supertest(app.callback()), lines };
}

describe('the request log', () => {
  it('has one line per request with its ids, status and time', async () => {
    const { request, lines } = logged();
    const answer = await request.post('/v1/orders').send({ a: 1 });
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include({
      level: 30,
      requestId: answer.headers['x-request-id'],
      correlationId: answer.headers['x-correlation-id'],
      method: 'POST',
      path: '/v1/orders',
      status: 200,
    });
    expect(lines[0]?.ms).to.be.a('number');
  });

  it('has the status that a problem ended in', async () => {
    const { request, lines } = logged();
    await request.get('/gone');
    expect(lines[0]).to.include({ status: 404 });
  });

  it('keeps bodies, queries, headers and addresses out', async () => {
    const { request, lines } = logged();
    await request
      .post('/v1/customers?email=ada@example.com')
      .set('Authorization', 'Bearer secret')
      .send({ email: 'ada@example.com' });
    expect(JSON.stringify(lines)).not.to.match(/ada@|secret|127\.0\.0\.1/);
  });

  it('is quiet about health checks and metrics', async () => {
    const { request, lines } = logged();
    await request.get('/health/ready');
    await request.get('/metrics');
    expect(lines.map(({ level }) => level)).to.deep.equal([20, 20]);
  });
});

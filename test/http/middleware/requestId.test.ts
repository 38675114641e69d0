import { expect } from 'chai';
import { isUuid } from '../../../src/http/ids.js';
import { serving } from '../serving.js';

const correlationId = '0190AAAA-0000-7000-8000-000000000001';
const echo = serving((ctx) => {
  ctx.body = { requestId: ctx.state.requestId, correlationId: ctx.state.correlationId };
});

describe('request ids', () => {
  it('are new for each request and go back in a header', async () => {
    const [one, other] = [await echo.get('/'), await echo.get('/')];
    expect(isUuid(one.headers['x-request-id'] as string)).to.be.true;
    expect(one.headers['x-request-id']).not.to.equal(other.headers['x-request-id']);
    expect(one.body.requestId).to.equal(one.headers['x-request-id']);
  });

  it('are the correlation id of a request that brings none', async () => {
    const answer = await echo.get('/');
    expect(answer.headers['x-correlation-id']).to.equal(answer.headers['x-request-id']);
  });

  it('leave a client’s correlation id as it is, in small letters', async () => {
    const answer = await echo.get('/').set('X-Correlation-Id', correlationId);
    expect(answer.headers['x-correlation-id']).to.equal(correlationId.toLowerCase());
    expect(answer.body.correlationId).to.equal(correlationId.toLowerCase());
    expect(answer.body.requestId).not.to.equal(correlationId.toLowerCase());
  });

  it('take no correlation id that is not a UUID', async () => {
    const answer = await echo.get('/').set('X-Correlation-Id', "1'; drop table orders; --");
    expect(answer.body.correlationId).to.equal(answer.body.requestId);
  });
});

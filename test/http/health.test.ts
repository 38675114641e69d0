import { expect } from 'chai';
import sinon from 'sinon';
import { healthRouter, type ReadinessCheck } from '../../src/http/health.js';
import { serving } from './serving.js';

const health = (checks: Record<string, ReadinessCheck>) => serving(healthRouter(checks));
const well = () => Promise.resolve();

describe('health', () => {
  it('lives while the process answers, whatever else is down', async () => {
    const answer = await health({ redis: () => Promise.reject(new Error('down')) }).get('/health/live');
    expect(answer.status).to.equal(200);
    expect(answer.body).to.deep.equal({ status: 'ok' });
  });

  it('is ready when every part is', async () => {
    const answer = await health({ postgresql: well, redis: well }).get('/health/ready');
    expect(answer.status).to.equal(200);
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(answer.body.status).to.equal('ok');
    expect(answer.body.parts).to.have.keys('postgresql', 'redis');
  });

  it('names the part that fails', async () => {
    const full = () => Promise.reject(new Error('more messages wait than BACKLOG_LIMIT allows'));
    const answer = await health({ postgresql: well, backlog: full }).get('/health/ready');
    expect(answer.status).to.equal(503);
    expect(answer.body.status).to.equal('unavailable');
    expect(answer.body.parts.postgresql.status).to.equal('ok');
    expect(answer.body.parts.backlog).to.include({
      status: 'failing',
      reason: 'more messages wait than BACKLOG_LIMIT allows',
    });
  });

  it('tells no addresses', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' });
    const answer = await health({ postgresql: () => Promise.reject(refused) }).get('/health/ready');
    expect(answer.body.parts.postgresql.reason).to.equal('ECONNREFUSED');
    expect(answer.text).not.to.contain('10.1.2.3');
  });

  it('does not wait for a part that does not answer', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const asked = health({ gateway: () => new Promise(() => undefined) })
        .get('/health/ready')
        .then((answer) => answer);
      while (clock.countTimers() === 0) await new Promise((resolve) => setImmediate(resolve));
      await clock.tickAsync(2000);
      const answer = await asked;
      expect(answer.status).to.equal(503);
      expect(answer.body.parts.gateway.reason).to.equal('no answer within 2000 ms');
    } finally {
      clock.restore();
    }
  });
});

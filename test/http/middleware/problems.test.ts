import { expect } from 'chai';
import { problem } from '../../../src/http/problem.js';
import { BacklogFullError } from '../../../src/runtime/accept.js';
import { DomainError } from '../../../src/runtime/errors.js';
import { NewerVersionError } from '../../../src/runtime/lifecycle.js';
import { actors } from '../../../src/services/registry.js';
import { recordingLog, serving, servingWith } from '../serving.js';

const failingWith = (error: unknown) =>
  serving(() => {
    throw error;
  });

describe('problem details', () => {
  it('describe a failure as RFC 9457 wants', async () => {
    const answer = await failingWith(problem('NOT_FOUND', 'There is no such order.')).get('/v1/orders/x');
    expect(answer.status).to.equal(404);
    expect(answer.headers['content-type']).to.equal('application/problem+json');
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(answer.body).to.deep.equal({
      type: 'urn:flowmart:problem:not-found',
      title: 'Not found',
      status: 404,
      detail: 'There is no such order.',
      instance: '/v1/orders/x',
      code: 'NOT_FOUND',
      requestId: answer.headers['x-request-id'],
    });
  });

  it('carry what else is known, and headers', async () => {
    const refusal = problem(
      'CONFLICT_ERROR',
      'No.',
      { currentState: 'delivered', allowedEvents: [] },
      { 'X-More': '1' },
    );
    const answer = await failingWith(refusal).get('/');
    expect(answer.body).to.include({ currentState: 'delivered' });
    expect(answer.body.allowedEvents).to.deep.equal([]);
    expect(answer.headers['x-more']).to.equal('1');
  });

  it('have the status of a domain rule’s code, and 409 for one that is not listed', async () => {
    const known = await failingWith(new DomainError('UNSUPPORTED_COUNTRY', 'Not there.', { country: 'AQ' })).get('/');
    expect(known.status).to.equal(422);
    expect(known.body).to.deep.include({ code: 'UNSUPPORTED_COUNTRY', details: { country: 'AQ' } });
    const unlisted = await failingWith(new DomainError('SOLD_OUT', 'Gone.')).get('/');
    expect(unlisted.status).to.equal(409);
    expect(unlisted.body.code).to.equal('SOLD_OUT');
  });

  it('are not overwritten by what a rule says', async () => {
    const answer = await failingWith(new DomainError('CASE_CLOSED', 'Done.', { status: 'declined', code: 'x' })).get(
      '/',
    );
    expect(answer.body).to.deep.include({
      status: 409,
      code: 'CASE_CLOSED',
      details: { status: 'declined', code: 'x' },
    });
  });

  it('cannot take their status from an object’s own names', async () => {
    const answer = await failingWith(new DomainError('constructor', 'Hm.')).get('/');
    expect(answer.status).to.equal(409);
  });

  it('ask to come back later when the backlog is full', async () => {
    const answer = await failingWith(new BacklogFullError(7)).get('/');
    expect(answer.status).to.equal(429);
    expect(answer.headers['retry-after']).to.equal('7');
    expect(answer.body.code).to.equal('RATE_LIMITED');
  });

  for (const [what, error] of [
    ['refused', Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' })],
    ['shutting down', Object.assign(new Error('terminating connection'), { code: '57P01' })],
    ['cut', new Error('Connection terminated unexpectedly')],
    ['all taken', new Error('timeout exceeded when trying to connect')],
  ] as const) {
    it(`say that it is temporary when connections to the database are ${what}`, async () => {
      const answer = await failingWith(error).get('/');
      expect(answer.status).to.equal(503);
      expect(answer.headers['retry-after']).to.equal('1');
      expect(answer.text).not.to.contain('10.1.2.3');
    });
  }

  it('ask for another try while a newer version of FlowMart takes over', async () => {
    const answer = await failingWith(new NewerVersionError(actors.order, 2)).get('/');
    expect(answer.status).to.equal(503);
    expect(answer.headers['retry-after']).to.equal('1');
    expect(answer.body.code).to.equal('UNAVAILABLE');
  });

  it('tell nothing of what went wrong on our side, but to the log', async () => {
    const { log, lines } = recordingLog();
    const failing = servingWith(log, () => {
      throw new Error('password=hunter2 at /srv/flowmart/secret.ts');
    });
    const answer = await failing.get('/');
    expect(answer.status).to.equal(500);
    expect(answer.body.code).to.equal('INTERNAL_ERROR');
    expect(answer.text).not.to.match(/hunter2|secret/);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.deep.include({ level: 50, requestId: answer.headers['x-request-id'] });
    expect(JSON.stringify(lines[0])).to.contain('hunter2');
  });

  it('hide a thrown thing that is no error', async () => {
    const answer = await failingWith('boom').get('/');
    expect(answer.status).to.equal(500);
  });

  it('answer an address that nobody serves', async () => {
    const answer = await serving().get('/nowhere');
    expect(answer.status).to.equal(404);
    expect(answer.body).to.include({ code: 'NOT_FOUND', instance: '/nowhere' });
  });

  it('leave an answer alone that has its own body', async () => {
    const answer = await serving((ctx) => {
      ctx.status = 503;
      ctx.body = { status: 'unavailable' };
    }).get('/');
    expect(answer.status).to.equal(503);
    expect(answer.body).to.deep.equal({ status: 'unavailable' });
  });
});

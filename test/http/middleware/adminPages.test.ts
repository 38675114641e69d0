import { expect } from 'chai';
import { adminPages } from '../../../src/http/middleware/adminPages.js';
import { serving } from '../serving.js';

const pages = serving(
  adminPages('/admin/queues', 'open sesame', (ctx) => {
    ctx.body = 'queues';
  }),
  (ctx) => {
    ctx.body = 'other';
  },
);

describe('pages for operators', () => {
  it('open to the password, whatever the name', async () => {
    const answer = await pages.get('/admin/queues/api').auth('anybody', 'open sesame');
    expect(answer.status).to.equal(200);
    expect(answer.text).to.equal('queues');
  });

  for (const [what, header] of [
    ['nothing', undefined],
    ['another password', `Basic ${Buffer.from('admin:open').toString('base64')}`],
    ['the password as the name', `Basic ${Buffer.from('open sesame:').toString('base64')}`],
    ['another scheme', 'Bearer open sesame'],
    ['what is not base64', 'Basic öö'],
  ] as const) {
    it(`stay closed to ${what}`, async () => {
      const request = pages.get('/admin/queues');
      if (header) request.set('Authorization', Buffer.from(header).toString('latin1'));
      const answer = await request;
      expect(answer.status).to.equal(401);
      expect(answer.headers['www-authenticate']).to.match(/^Basic realm="FlowMart"/);
      expect(answer.body.code).to.equal('UNAUTHORIZED');
    });
  }

  it('are only what is below their path', async () => {
    expect((await pages.get('/admin/queuesX')).text).to.equal('other');
    expect((await pages.get('/')).text).to.equal('other');
  });
});

import { expect } from 'chai';
import { securityHeaders } from '../../../src/http/middleware/securityHeaders.js';
import { serving } from '../serving.js';

const page = (production: boolean) =>
  serving(securityHeaders(production), (ctx) => {
    ctx.body = 'fine';
  });

describe('security headers', () => {
  it('let pages load from FlowMart only, and let nobody frame them', async () => {
    const { headers } = await page(false).get('/');
    expect(headers['content-security-policy'])
      .to.match(/default-src 'self'/)
      .and.match(/frame-ancestors 'none'/);
    expect(headers['content-security-policy']).not.to.contain('http');
    expect(headers['x-content-type-options']).to.equal('nosniff');
    expect(headers).not.to.have.property('x-powered-by');
  });

  it('demand HTTPS in production only', async () => {
    expect((await page(false).get('/')).headers).not.to.have.property('strict-transport-security');
    expect((await page(true).get('/')).headers['strict-transport-security']).to.match(/max-age=\d+/);
  });
});

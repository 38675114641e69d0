import { expect } from 'chai';
import supertest from 'supertest';
import { queueServices } from '../../queues/routing.js';
import { openShop, type Shop } from './shop.js';

describe('the queues’ pages', function () {
  this.timeout(30_000);
  let shop: Shop;
  before(async () => {
    shop = await openShop({ ADMIN_PASSWORD: 'open sesame' });
  });
  after(() => shop?.close());

  const get = (path: string) => supertest(shop.url).get(`/admin/queues${path}`).auth('operator', 'open sesame');

  it('open to the password only', async () => {
    expect((await supertest(shop.url).get('/admin/queues')).status).to.equal(401);
    expect((await supertest(shop.url).get('/admin/queues/api/queues')).status).to.equal(401);
    expect((await get('')).status).to.equal(200);
  });

  it('show every queue on one screen', async () => {
    const { body } = await get('/api/queues');
    const names = body.queues.map(({ name }: { name: string }) => name);
    expect(names).to.have.members([...queueServices.keys()]);
  });

  it('find their own files, under the security policy of all pages', async () => {
    const page = await get('');
    expect(page.text).to.contain('<base href="/admin/queues/"');
    expect(page.headers['content-security-policy']).to.contain("base-uri 'self'");
    const scripts = [...page.text.matchAll(/src="(static\/[^"]+\.js)"/g)].map(([, path]) => path);
    expect(scripts).not.to.be.empty;
    for (const path of scripts) expect((await get(`/${path}`)).status).to.equal(200);
  });
});

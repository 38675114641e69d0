import { expect } from 'chai';
import { docsRouter } from '../../src/http/docs.js';
import { securityHeaders } from '../../src/http/middleware/securityHeaders.js';
import { serving } from './serving.js';

const server = serving(securityHeaders(false), docsRouter({ openapi: '3.1.1' }));

describe('the API’s documentation', () => {
  it('is there for programs', async () => {
    const answer = await server.get('/openapi.json');
    expect(answer.headers['content-type']).to.match(/^application\/json/);
    expect(answer.body).to.deep.equal({ openapi: '3.1.1' });
  });

  it('is there for people, loads nothing from elsewhere and runs nothing inline', async () => {
    const answer = await server.get('/docs');
    expect(answer.headers['content-type']).to.match(/^text\/html/);
    expect(answer.text).not.to.match(/https?:\/\//);
    expect(answer.text).not.to.match(/<script(?![^>]*\bsrc=)|\bon\w+=|<style/);
  });

  it('has everything that its page asks for', async () => {
    const { text } = await server.get('/docs');
    const addresses = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, address]) => address as string);
    expect(addresses).to.have.lengthOf.at.least(5);
    for (const address of new Set(addresses)) {
      const answer = await server.get(address);
      expect(answer.status, address).to.equal(200);
    }
  });

  it('serves no other files', async () => {
    expect((await server.get('/docs/assets/package.json')).status).to.equal(404);
    expect((await server.get('/docs/assets/..%2Fpackage.json')).status).to.equal(404);
  });
});

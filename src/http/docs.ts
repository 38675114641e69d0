import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import Router from '@koa/router';
import { docsPage, docsScript, docsStyle } from './docsPage.js';
import type { HttpState } from './middleware/httpState.js';

const swaggerFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const swaggerFiles: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
};

/** `/openapi.json`, and `/docs`: the same for people, with nothing loaded from elsewhere. */
export function docsRouter(document: Readonly<Record<string, unknown>>): Router<HttpState> {
  const router = new Router<HttpState>();
  const text = JSON.stringify(document);
  const send = (type: string, body: string) => (ctx: { type: string; body: unknown }) => {
    ctx.type = type;
    ctx.body = body;
  };
  router.get('/openapi.json', send('application/json', text));
  router.get('/docs', send('text/html', docsPage));
  router.get('/docs/assets/docs.css', send('text/css', docsStyle));
  router.get('/docs/assets/docs.js', send('text/javascript', docsScript));
  for (const [name, type] of Object.entries(swaggerFiles)) {
    let content: Promise<Buffer> | undefined;
    router.get(`/docs/assets/${name}`, async (ctx) => {
      content ??= readFile(join(swaggerFolder, name));
      ctx.body = await content;
      ctx.type = type;
      ctx.set('Cache-Control', 'public, max-age=86400');
    });
  }
  return router;
}

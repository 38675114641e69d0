import type { Middleware } from 'koa';
import { basicAuth } from './basicAuth.js';
import type { HttpMiddleware } from './httpState.js';

/** Puts pages for operators below a path, behind a password. */
export function adminPages(path: string, password: string, pages: Middleware): HttpMiddleware {
  const auth = basicAuth(password, 'FlowMart');
  return (ctx, next) => {
    if (ctx.path !== path && !ctx.path.startsWith(`${path}/`)) return next();
    ctx.state.route = path;
    return auth(ctx, () => pages(ctx, next));
  };
}

import helmet from 'koa-helmet';
import type { HttpMiddleware } from './httpState.js';

/**
 * The headers that browsers obey (koa-helmet). Pages load nothing from elsewhere; strict transport security is for dynos
 * only, since a developer's machine speaks plain HTTP.
 */
export function securityHeaders(production: boolean): HttpMiddleware {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        // bull-board's pages name their own base.
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // Swagger UI and bull-board set style attributes.
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    },
    strictTransportSecurity: production,
  });
}

/** The page that shows the API; scripts and styles come from beside it, as the content security policy wants. */
export const docsPage = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>FlowMart API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/assets/swagger-ui.css">
    <link rel="stylesheet" href="/docs/assets/docs.css">
  </head>
  <body>
    <header class="bar"><strong>FlowMart</strong><span>API</span><a href="/openapi.json">openapi.json</a></header>
    <main id="api"><noscript>The reference needs JavaScript; <a href="/openapi.json">openapi.json</a> does not.</noscript></main>
    <script src="/docs/assets/swagger-ui-bundle.js"></script>
    <script src="/docs/assets/docs.js"></script>
  </body>
</html>
`;

export const docsScript = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: 'list',
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

export const docsStyle = `body { margin: 0; background: #fff; }
.bar { display: flex; gap: 0.6em; align-items: baseline; padding: 0.9em max(1.25em, calc(50vw - 710px)); background: #17324d; color: #fff; font: 16px/1.4 system-ui, sans-serif; }
.bar strong { font-size: 1.2em; letter-spacing: 0.01em; }
.bar span { opacity: 0.7; }
.bar a { margin-left: auto; color: #bfe0ff; }
.swagger-ui .info { margin: 2em 0 1em; }
.swagger-ui .info table { width: auto; }
.swagger-ui .info table tbody tr td, .swagger-ui .info table thead tr th { min-width: 0; padding: 0.2em 1.2em 0.2em 0; vertical-align: baseline; }
.swagger-ui .info summary { cursor: pointer; }
.swagger-ui .info .title small { top: 0; }
.swagger-ui .scheme-container { display: none; }
noscript { display: block; max-width: 40em; margin: 3em auto; font: 16px/1.5 system-ui, sans-serif; }
`;

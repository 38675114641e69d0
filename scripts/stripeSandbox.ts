import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type StripeSandboxOptions, startStripeSandbox } from './stripeSandbox/server.js';
import { type WebhookEventType, webhookEventTypes } from './stripeSandbox/webhookEvents.js';

const help = `A local stand-in for Stripe: the part of its API that FlowMart uses, with its test payment methods,
idempotency, signed webhooks, faults on request, and a ledger of what was really charged.

  node --import tsx scripts/stripeSandbox.ts [options]

  --port N                 port on 127.0.0.1 (4242; 0 takes a free one)
  --ledger FILE            JSON lines; a restart continues from it (kept in memory when not given)
  --webhook-url URL        where events are delivered, e.g. http://127.0.0.1:3000/webhooks/stripe
  --webhook-secret SECRET  signing secret of that endpoint (whsec_...)
  --webhook-events A,B     event types to deliver (all that it knows)
  --latency-ms N           how long every request takes at least (0)
  --search-lag-ms N        how long search does not see a new payment intent (0)
  --help                   this text

Faults, the ledger and a reset are under /_sandbox/ (see docs/stripeSandbox.md).
`;

/** Reads the command line. Throws an Error with one clear line about what is wrong with it. */
export function parseSandboxArgs(args: string[]): StripeSandboxOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '4242' },
      ledger: { type: 'string' },
      'webhook-url': { type: 'string' },
      'webhook-secret': { type: 'string' },
      'webhook-events': { type: 'string' },
      'latency-ms': { type: 'string', default: '0' },
      'search-lag-ms': { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const url = values['webhook-url'];
  const secret = values['webhook-secret'];
  if ((url === undefined) !== (secret === undefined)) {
    throw new Error('--webhook-url and --webhook-secret go together: give both or neither.');
  }
  if (url !== undefined && !(URL.canParse(url) && new URL(url).protocol === 'http:')) {
    throw new Error(`--webhook-url wants an http:// URL, not ${url}`);
  }
  return {
    port: wholeNumber('--port', values.port, 65_535),
    latencyMs: wholeNumber('--latency-ms', values['latency-ms'], 600_000),
    searchLagMs: wholeNumber('--search-lag-ms', values['search-lag-ms'], 3_600_000),
    ledger: values.ledger,
    webhook: url !== undefined && secret !== undefined ? { url, secret } : undefined,
    webhookEvents: values['webhook-events'] === undefined ? undefined : eventTypes(values['webhook-events']),
  };
}

function wholeNumber(option: string, text: string, max: number): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) > max)
    throw new Error(`${option} wants a whole number up to ${max}, not ${text}`);
  return Number(text);
}

function eventTypes(list: string): WebhookEventType[] {
  return list.split(',').map((name) => {
    const type = webhookEventTypes.find((known) => known === name.trim());
    if (!type) throw new Error(`--webhook-events does not know ${name}; it knows ${webhookEventTypes.join(', ')}`);
    return type;
  });
}

async function main(): Promise<void> {
  const options = parseSandboxArgs(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(help);
    return;
  }
  const sandbox = await startStripeSandbox(options);
  process.stdout.write(`Stripe sandbox on ${sandbox.url}${options.ledger ? `, ledger ${options.ledger}` : ''}\n`);
  const stop = () => void sandbox.close().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

const startedDirectly =
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (startedDirectly) {
  main().catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'EADDRINUSE' ? 'That port is in use; choose another with --port.' : error.message;
    process.stderr.write(`stripeSandbox: ${reason}\n`);
    process.exitCode = 1;
  });
}

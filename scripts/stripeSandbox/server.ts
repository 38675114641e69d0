import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ZodError } from 'zod';
import { type ApiParts, type Fate, StripeApi } from './api.js';
import { type ControlParts, handleControl } from './control.js';
import { type FaultRule, Faults } from './faults.js';
import { Ledger, type LedgerEntry } from './ledger.js';
import { chargedByOrder } from './orderBooks.js';
import { Store } from './store.js';
import { apiFailure } from './stripeError.js';
import { eventsOf, type WebhookEventType, webhookEventTypes } from './webhookEvents.js';
import { type WebhookEndpoint, WebhookSender } from './webhookSender.js';

export interface StripeSandboxOptions {
  /** 0, the default, takes any free port. */
  port?: number;
  host?: string;
  /** A JSON lines file; what it holds already is where the sandbox continues. Without it the ledger lives in memory. */
  ledger?: string;
  webhook?: WebhookEndpoint;
  /** The event types to send; all that the sandbox knows when not given. */
  webhookEvents?: readonly WebhookEventType[];
  /** Pause after the first failed delivery, milliseconds; doubles every time, up to a minute. */
  webhookBackoffMs?: number;
  /** How long Stripe thinks about a request, milliseconds. */
  latencyMs?: number;
  /** How long search does not yet see a new intent, milliseconds (at Stripe: up to a minute). */
  searchLagMs?: number;
  /** How long refunds of the special refund cards take to settle, milliseconds. */
  refundSettleMs?: number;
  /** Intents kept in memory; the oldest beyond this are only in the ledger. */
  maxIntents?: number;
}

export interface StripeSandbox {
  url: string;
  port: number;
  /** The entries since the last reset, oldest first. */
  ledger(): LedgerEntry[];
  /** Charged minus refunded, by `metadata.orderId`, in minor units. */
  chargedByOrder(): Record<string, number>;
  /** Arms a fault and returns its id. */
  addFault(rule: FaultRule): string;
  clearFaults(): void;
  setWebhookEndpoint(endpoint: WebhookEndpoint | null): void;
  /** Resolves when every webhook has been delivered or given up. */
  webhooksSettled(): Promise<void>;
  /** Forgets everything, faults and waiting webhooks included. */
  reset(): void;
  /** Stops listening, cuts every connection and drops what waits. */
  close(): Promise<void>;
}

/** The version that the `stripe` SDK is pinned to. */
const defaultApiVersion = '2026-10-28.endive';
const maxBodyBytes = 1 << 20;

/** Starts the local stand-in for Stripe on loopback. Throws when the port is taken or the ledger cannot be read. */
export async function startStripeSandbox(options: StripeSandboxOptions = {}): Promise<StripeSandbox> {
  const store = new Store(options.maxIntents ?? 100_000);
  const ledger = new Ledger(options.ledger, (entry, position) => store.apply(entry, position));
  const faults = new Faults();
  const sender = new WebhookSender(options.webhook ?? null, options.webhookBackoffMs ?? 1000);
  const wanted = new Set(options.webhookEvents ?? webhookEventTypes);
  const apiParts: ApiParts = {
    store,
    ledger,
    faults,
    sender,
    eventsOf: (entry) => eventsOf(entry, wanted, defaultApiVersion, store.cardOf),
    latencyMs: options.latencyMs ?? 0,
    searchLagMs: options.searchLagMs ?? 0,
    refundSettleMs: options.refundSettleMs ?? 1000,
  };
  const api = new StripeApi(apiParts);
  const reset = () => {
    const provenance = { at: new Date().toISOString(), requestId: null, idempotencyKey: null, fingerprint: null };
    ledger.append(provenance, { type: 'reset' });
    faults.clear();
    sender.clear();
  };
  const server = createServer((request, response) => {
    void serve(api, { store, ledger, faults, sender, reset }, request, response);
  });
  // Long, so that an idle client's connection is not closed under its next request.
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  }).catch((error: unknown) => {
    ledger.close();
    throw error;
  });
  const { port, address } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    port,
    ledger: () => ledger.read(),
    chargedByOrder: () => chargedByOrder(ledger.read()),
    addFault: (rule) => faults.add(rule),
    clearFaults: () => faults.clear(),
    setWebhookEndpoint: (endpoint) => {
      sender.endpoint = endpoint;
    },
    webhooksSettled: () => sender.settled(),
    reset,
    close: async () => {
      api.close();
      sender.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      ledger.close();
    },
  };
}

async function serve(
  api: StripeApi,
  control: ControlParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const body = await readBody(request);
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    const method = request.method ?? 'GET';
    if (path.startsWith('/_sandbox/')) {
      const { status, body: answer } = handleControl(control, method, path, body);
      write(response, status, answer, {});
      return;
    }
    const { authorization } = request.headers;
    const idempotencyKey = header(request, 'idempotency-key');
    const query = mark === -1 ? '' : url.slice(mark + 1);
    const fate = await api.handle({ method, path, query, body, authorization, idempotencyKey });
    meet(response, fate, header(request, 'stripe-version') ?? defaultApiVersion);
  } catch (error) {
    if (response.destroyed || response.headersSent) return;
    const badControlBody = error instanceof ZodError || error instanceof SyntaxError;
    if (badControlBody) write(response, 400, { error: { message: error.message } }, {});
    else write(response, 500, { error: { ...apiFailure(), message: `The sandbox failed: ${String(error)}` } }, {});
  }
}

function meet(response: ServerResponse, fate: Fate, apiVersion: string): void {
  if (fate.kind === 'cut') {
    response.destroy();
    return;
  }
  if (fate.kind === 'silence') {
    if (fate.ms === null) return;
    const timer = setTimeout(() => response.destroy(), fate.ms);
    response.once('close', () => clearTimeout(timer));
    return;
  }
  if (fate.afterwards) {
    if (response.closed) fate.afterwards();
    else response.once('close', fate.afterwards);
  }
  write(response, fate.status, fate.body, { ...fate.headers, 'Stripe-Version': apiVersion });
}

function write(response: ServerResponse, status: number, body: object, headers: Record<string, string>): void {
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': text.length, ...headers });
  response.end(text);
}

function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBodyBytes) request.destroy();
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}

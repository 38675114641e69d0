import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import Stripe from 'stripe';

type HttpClient = NonNullable<Stripe.StripeConfig['httpClient']>;

export interface StripeClientOptions {
  apiKey: string;
  /** Where Stripe's API is when it is not at Stripe, e.g. http://127.0.0.1:4242. */
  apiBase?: string;
  /** How long a call may take, milliseconds (10,000). */
  timeoutMs?: number;
  /** Connections at most (256). */
  maxSockets?: number;
}

/**
 * The official SDK, told to keep connections open and to leave retries to the runtime.
 * The domain pins API version 2024-06-20; the SDK's types describe 2026-10-28.endive and accept no other, so that is the pin.
 */
export function createStripeClient(options: StripeClientOptions): { stripe: Stripe; agent: HttpAgent } {
  const base = new URL(options.apiBase ?? 'https://api.stripe.com');
  const secure = base.protocol === 'https:';
  const agentOptions = { keepAlive: true, maxSockets: options.maxSockets ?? 256 };
  const agent = secure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const stripe = new Stripe(options.apiKey, {
    apiVersion: '2026-10-28.endive',
    host: base.hostname,
    port: base.port === '' ? (secure ? 443 : 80) : Number(base.port),
    protocol: secure ? 'https' : 'http',
    timeout: options.timeoutMs ?? 10_000,
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: withoutHiddenRetry(Stripe.createNodeHttpClient(agent)),
  });
  return { stripe, agent };
}

/**
 * A connection that closes under a call (ECONNRESET, EPIPE) is asked again by the SDK even when retries are off.
 * It may have reached Stripe, so it is for the runtime to look it up: the code that the SDK looks for is hidden from it.
 */
function withoutHiddenRetry(client: HttpClient): HttpClient {
  return {
    getClientName: () => client.getClientName(),
    makeRequest: (...request) =>
      client.makeRequest(...request).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
        throw new Error(`The connection was closed (${error.code}).`, { cause: error });
      }),
  };
}

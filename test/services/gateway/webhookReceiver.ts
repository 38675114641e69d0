import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedWebhook {
  rawBody: Buffer;
  signature: string;
  event: { id: string; type: string; data: { object: { id: string } } };
}

export interface WebhookReceiver {
  url: string;
  received: ReceivedWebhook[];
  /** How many of the next deliveries to answer with 503. */
  failNext: number;
  close(): Promise<void>;
}

/** Listens for webhooks on loopback and keeps what arrives. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const receiver: WebhookReceiver = { url: '', received: [], failNext: 0, close: async () => undefined };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (receiver.failNext > 0) {
        receiver.failNext -= 1;
        response.writeHead(503).end();
        return;
      }
      const rawBody = Buffer.concat(chunks);
      const signature = String(request.headers['stripe-signature']);
      receiver.received.push({ rawBody, signature, event: JSON.parse(rawBody.toString('utf8')) });
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/stripe`;
  receiver.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return receiver;
}

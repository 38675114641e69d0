import type { IncomingMessage } from 'node:http';
import { checkJson } from './jsonGuard.js';
import { problem } from './problem.js';

/** The largest body that is read, bytes. */
export const bodyLimit = 64 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A body as it came, and what it says; a request without a body says `{}`. */
export interface JsonBody {
  readonly bytes: Buffer;
  readonly value: unknown;
}

/**
 * Reads a JSON body.
 * @throws HttpProblem BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY (not UTF-8, not JSON, nested too deeply, …)
 */
export async function readJson(request: IncomingMessage): Promise<JsonBody> {
  const bytes = await readBytes(request);
  if (bytes.length === 0) return { bytes, value: {} };
  checkMediaType(request);
  return { bytes, value: parse(bytes) };
}

/**
 * Reads a body to its end.
 * @throws HttpProblem BODY_TOO_LARGE as soon as it is known to be
 */
export function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const tooLarge = () => {
      // The rest of the body is not wanted: the connection ends with the answer.
      reject(problem('BODY_TOO_LARGE', `A body may have ${bodyLimit} bytes.`, {}, { Connection: 'close' }));
    };
    if (Number(request.headers['content-length'] ?? 0) > bodyLimit) return tooLarge();
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > bodyLimit) tooLarge();
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on('error', () => reject(problem('MALFORMED_BODY', 'The body ended before its end.')));
  });
}

function checkMediaType(request: IncomingMessage): void {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const json = /^application\/(json|[\w.+-]+\+json)$/.test(type.trim());
  const foreign = parameters.some((one) => /^\s*charset=/.test(one) && !/^\s*charset="?utf-?8"?\s*$/.test(one));
  const encoded = (request.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity';
  if (json && !foreign && !encoded) return;
  throw problem(
    'UNSUPPORTED_MEDIA_TYPE',
    'A body is application/json in UTF-8, not compressed.',
    {},
    {
      'Accept-Post': 'application/json',
    },
  );
}

function parse(bytes: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw problem('MALFORMED_BODY', 'The body is not UTF-8.');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw problem('MALFORMED_BODY', 'The body is not JSON.');
  }
  checkJson(value);
  return value;
}

import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { bodyLimit, readJson } from '../../src/http/jsonBody.js';
import { serving } from './serving.js';

const echo = serving(async (ctx) => {
  const { value } = await readJson(ctx.req);
  ctx.body = { value };
});

const post = (body: string | Buffer, type = 'application/json') => {
  const request = echo.post('/').set('Content-Type', type);
  // superagent would make JSON of a Buffer.
  request.serialize((bytes) => bytes as string);
  return request.send(body as string);
};

const padded = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`;

describe('a JSON body', () => {
  it('is read', async () => {
    expect((await post('{"name":"Zoë 😀"}')).body.value).to.deep.equal({ name: 'Zoë 😀' });
  });

  it('may come as application/…+json, and with its charset', async () => {
    expect((await post('{}', 'application/merge-patch+json')).status).to.equal(200);
    expect((await post('{}', 'Application/JSON; Charset="UTF-8"')).status).to.equal(200);
  });

  it('may be missing', async () => {
    expect((await echo.post('/')).body.value).to.deep.equal({});
  });

  it('may have 64 KiB', async () => {
    expect((await post(padded(bodyLimit))).status).to.equal(200);
  });

  it('may have no more', async () => {
    const answer = await post(padded(bodyLimit + 1));
    expect(answer.status).to.equal(413);
    expect(answer.body.code).to.equal('BODY_TOO_LARGE');
    expect(answer.headers.connection).to.equal('close');
  });

  it('is refused by the length that it announces, before it is sent', async () => {
    const answer = await new Promise<number>((resolve, reject) => {
      const server = createServer((incoming, outgoing) => {
        readJson(incoming).catch(({ status }: { status: number }) => outgoing.writeHead(status).end());
      }).listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        const headers = { 'Content-Type': 'application/json', 'Content-Length': '1000000000' };
        const sent = httpRequest({ port, host: '127.0.0.1', method: 'POST', headers });
        sent.on('error', reject).on('response', ({ statusCode }) => {
          sent.destroy();
          server.close();
          server.closeAllConnections();
          resolve(statusCode as number);
        });
        sent.flushHeaders();
      });
    });
    expect(answer).to.equal(413);
  });

  it('cannot grow past the bound by not saying how long it is', async () => {
    const server = createServer((incoming, outgoing) => {
      readJson(incoming).then(
        () => outgoing.end('read'),
        (error: { code: string }) => outgoing.end(error.code),
      );
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const text = await new Promise<string>((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
      const sent = httpRequest({ port, host: '127.0.0.1', method: 'POST', headers });
      sent.on('error', reject).on('response', (answer) => answer.setEncoding('utf8').on('data', resolve));
      for (let i = 0; i < 9; i++) sent.write(' '.repeat(8 * 1024));
      sent.end();
    });
    server.close();
    server.closeAllConnections();
    expect(text).to.equal('BODY_TOO_LARGE');
  });

  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'application/json; charset=utf-16',
  ]) {
    it(`is not ${type}`, async () => {
      const answer = await post('{}', type);
      expect(answer.status).to.equal(415);
      expect(answer.body.code).to.equal('UNSUPPORTED_MEDIA_TYPE');
    });
  }

  it('is not compressed', async () => {
    const answer = await post('{}').set('Content-Encoding', 'gzip');
    expect(answer.status).to.equal(415);
  });

  for (const [what, body] of [
    ['cut off', '{"a":'],
    ['with a comment', '{/* */}'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
    ['nested without end', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
    ['nested deeper than any of ours', `${'{"a":'.repeat(13)}1${'}'.repeat(13)}`],
    ['reaching for a prototype', '{"__proto__":{"isAdmin":true}}'],
    ['reaching for a prototype in disguise', '{"a":[{"\\u005f_proto__":{"isAdmin":true}}]}'],
    ['reaching for a constructor', '{"constructor":{"prototype":{"isAdmin":true}}}'],
    ['with a NUL', '{"a":"x\\u0000y"}'],
    ['with a NUL in a name', '{"x\\u0000y":1}'],
    ['with half a character', '{"a":"\\ud83d"}'],
  ] as const) {
    it(`is refused ${what}`, async () => {
      const answer = await post(body);
      expect(answer.status).to.equal(400);
      expect(answer.body.code).to.equal('MALFORMED_BODY');
    });
  }

  it('is not repeated in the refusal', async () => {
    const answer = await post('{"secret": hunter2}');
    expect(answer.status).to.equal(400);
    expect(answer.text).not.to.contain('hunter2');
  });

  it('leaves no trace in any prototype', async () => {
    await post('{"__proto__":{"isAdmin":true}}');
    expect(({} as { isAdmin?: boolean }).isAdmin).to.equal(undefined);
  });
});

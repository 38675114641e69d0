import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { type Link, openLink } from '../../../scripts/chaos/link.js';
import { eventually } from '../../support/eventually.js';

describe('a wire of the chaos stage', () => {
  let server: Server;
  let link: Link;
  const atServer = new Set<Socket>();
  const clients: Socket[] = [];
  beforeEach(async () => {
    // Says again what it hears.
    server = createServer((socket) => {
      atServer.add(socket);
      socket.on('error', () => undefined).on('close', () => atServer.delete(socket));
      socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    link = await openLink((server.address() as AddressInfo).port);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await link.close();
    server.close();
  });

  /** A client with what it has heard so far. */
  async function client(): Promise<{ socket: Socket; heard: () => string; ended: () => boolean }> {
    const socket = connect(link.port, '127.0.0.1');
    clients.push(socket);
    let text = '';
    let ended = false;
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('error', () => undefined).on('close', () => (ended = true));
    await once(socket, 'connect');
    return { socket, heard: () => text, ended: () => ended };
  }

  it('carries bytes both ways, more than fit into a buffer', async () => {
    const { socket, heard } = await client();
    const much = 'x'.repeat(5_000_000);
    socket.write(much);
    await eventually('all of it comes back', async () => heard().length === much.length);
  });

  it('swallows nothing in a blackhole: what was sent arrives once it is open again', async () => {
    const { socket, heard, ended } = await client();
    socket.write('a');
    await eventually('a comes back', async () => heard() === 'a');
    link.set({ kind: 'blackhole' });
    socket.write('b');
    const other = await client();
    other.socket.write('c');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([heard(), other.heard(), ended()]).to.deep.equal(['a', '', false]);
    link.set({ kind: 'open' });
    await eventually('the rest comes back', async () => heard() === 'ab' && other.heard() === 'c');
  });

  it('delays, and keeps the order', async () => {
    const { socket, heard } = await client();
    link.set({ kind: 'delay', ms: 60 });
    const began = performance.now();
    for (const letter of 'abcdef') socket.write(letter);
    await eventually('all comes back', async () => heard() === 'abcdef');
    // Once on the way there, once on the way back.
    expect(performance.now() - began).to.be.greaterThan(119);
  });

  it('cuts both sides of what is open, and takes new connections', async () => {
    const { ended } = await client();
    await eventually('the server has it', async () => atServer.size === 1);
    link.cut();
    await eventually('both have noticed', async () => ended() && atServer.size === 0);
    const { socket, heard } = await client();
    socket.write('again');
    await eventually('it comes back', async () => heard() === 'again');
  });

  it('passes on that one side has hung up, also when that was in a blackhole', async () => {
    const { socket } = await client();
    await eventually('the server has it', async () => atServer.size === 1);
    link.set({ kind: 'blackhole' });
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(atServer.size).to.equal(1);
    link.set({ kind: 'open' });
    await eventually('the server has noticed', async () => atServer.size === 0);
  });

  it('resets a client when nobody listens behind it', async () => {
    server.close();
    await once(server, 'close');
    const { ended } = await client();
    await eventually('it is told', async () => ended());
  });
});

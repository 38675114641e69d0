import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { uuidv7 } from 'uuidv7';
import { assertNoEviction, openRedis, producerOptions, workerOptions } from '../../queues/connection.js';
import { PacketReceiver, type PacketRef, PacketSender } from '../../queues/packets.js';
import type { RedisServer } from '../../scripts/dev/redisServer.js';
import { spawnProcess } from '../support/processes.js';
import { ownRedis } from '../support/servers.js';

const prefix = '{outage}';
const queue = 'orders';
const ref = () => ({ id: uuidv7(), type: 'OrderConfirmed', recipient: 'order', actorId: uuidv7(), queue });

describe('packets, when Redis or a worker fails', () => {
  let server: RedisServer;
  let producing: Redis;
  let sender: PacketSender;
  before(async () => {
    server = await ownRedis();
    producing = openRedis(server.url, producerOptions, () => undefined);
    await new Promise((resolve) => producing.once('ready', resolve));
    sender = new PacketSender({ connection: producing, prefix, packetSize: 100, queues: [queue] });
  });
  after(async () => {
    await sender.close();
    producing.disconnect();
    await server.stop();
  });

  /** A worker on a connection of its own, and what it received. */
  const startWorker = async (work: (messages: readonly PacketRef[]) => Promise<void> = async () => undefined) => {
    const received: string[] = [];
    const errors: Error[] = [];
    const blocking = openRedis(server.url, workerOptions, () => undefined);
    const receiver = new PacketReceiver({
      connection: blocking,
      prefix,
      queues: [queue],
      concurrency: 4,
      receive: async (messages) => {
        await work(messages);
        received.push(...messages.map(({ id }) => id));
      },
      onError: (_, error) => errors.push(error),
    });
    await receiver.ready();
    const stop = async () => {
      await receiver.close();
      blocking.disconnect();
    };
    const has = async (id: string, seconds: number) => {
      for (const end = Date.now() + seconds * 1000; Date.now() < end && !received.includes(id); ) await sleep(20);
      return received.includes(id);
    };
    return { errors, has, stop };
  };
  const sendable = async () => {
    for (let tries = 0; tries < 200 && producing.status !== 'ready'; tries++) await sleep(20);
  };

  /** How long (ms) it takes to learn that a packet cannot be sent. */
  const failing = async (to: PacketSender) => {
    const began = performance.now();
    const failed = await Promise.race([
      to.send([ref()]).catch((error: Error) => error),
      sleep(3000, 'it waits', { ref: false }),
    ]);
    expect(failed).to.be.instanceOf(Error);
    return performance.now() - began;
  };
  const failingFromTheStart = async (url: string) => {
    const connection = openRedis(url, producerOptions, () => undefined);
    const late = new PacketSender({ connection, prefix, packetSize: 100, queues: [queue] });
    try {
      return [await failing(late), await failing(late)];
    } finally {
      await late.close();
      connection.disconnect();
    }
  };

  it('cannot be sent while it is away, and that is known at once', async () => {
    await server.stop();
    try {
      expect(await failing(sender)).to.be.below(500);
    } finally {
      await server.restart();
      await sendable();
    }
  });

  it('cannot be sent either by a process that began without it', async () => {
    for (const ms of await failingFromTheStart('redis://127.0.0.1:1')) expect(ms).to.be.below(500);
  });

  it('cannot be sent to somebody who accepts connections and says nothing', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    for (const ms of await failingFromTheStart(`redis://127.0.0.1:${port}`)) expect(ms).to.be.below(1500);
    silent.close();
  });

  it('reach a worker again that was there before Redis was restarted', async () => {
    const worker = await startWorker();
    try {
      await server.restart();
      await sendable();
      const message = ref();
      await sender.send([message]);
      expect(await worker.has(message.id, 10)).to.equal(true);
    } finally {
      await worker.stop();
    }
  });

  it('lose a FLUSHALL in the middle of their work without a crash, and the next ones arrive', async () => {
    const flusher = new Redis(server.url);
    const worker = await startWorker(async () => {
      await flusher.flushall();
    });
    try {
      const [during, next] = [ref(), ref()];
      await sender.send([during]);
      expect(await worker.has(during.id, 5)).to.equal(true);
      await sender.send([next]);
      expect(await worker.has(next.id, 10)).to.equal(true);
      expect(worker.errors.map((error) => error.message).join()).to.include('Missing');
    } finally {
      await worker.stop();
      flusher.disconnect();
    }
  });

  it('hold up nobody who wants to stop once they are done, though Redis cannot be told so', async () => {
    let finish = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const worker = await startWorker(() => {
      begin();
      return done;
    });
    await sender.send([ref()]);
    await begun;
    server.process.signal('SIGSTOP');
    try {
      finish();
      expect(await Promise.race([worker.stop(), sleep(5000, 'it waits', { ref: false })])).to.equal(undefined);
    } finally {
      server.process.signal('SIGCONT');
    }
  });

  it('of a worker that was killed come back within seconds', async () => {
    const script = fileURLToPath(new URL('hangingWorker.ts', import.meta.url));
    const victim = await spawnProcess(script, {}, [server.url, prefix, queue]);
    await victim.waitForOutput(/ready/);
    const message = ref();
    await sender.send([message]);
    await victim.waitForOutput(new RegExp(`took ${message.id}`));
    await victim.kill();
    const worker = await startWorker();
    try {
      expect(await worker.has(message.id, 18)).to.equal(true);
    } finally {
      await worker.stop();
    }
  }).timeout(40_000);

  describe('a Redis that would throw keys away', () => {
    afterEach(() => producing.config('SET', 'maxmemory-policy', 'noeviction'));

    it('is refused by name', async () => {
      await producing.config('SET', 'maxmemory-policy', 'allkeys-lru');
      const failed = await assertNoEviction(producing).catch((error: Error) => error.message);
      expect(failed).to.include('maxmemory-policy is allkeys-lru').and.include('set it to noeviction');
    });

    it('is told from one that would not', () => assertNoEviction(producing));
  });
});

import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { uuidv7 } from 'uuidv7';
import { openRedis, producerOptions, workerOptions } from '../../queues/connection.js';
import {
  PacketReceiver,
  type PacketReceiverOptions,
  type PacketRef,
  PacketSender,
  packetName,
} from '../../queues/packets.js';
import { type TestRedis, testRedis } from '../support/servers.js';

const ref = (type: string, queue: string) => ({ id: uuidv7(), type, recipient: 'order', actorId: uuidv7(), queue });

describe('packets', () => {
  let server: TestRedis;
  let redis: Redis;
  let blocking: Redis;
  let sender: PacketSender;
  const receivers: PacketReceiver[] = [];
  before(async () => {
    server = await testRedis();
    redis = openRedis(server.url, producerOptions, () => undefined);
    blocking = openRedis(server.url, workerOptions, () => undefined);
    await new Promise((resolve) => redis.once('ready', resolve));
    sender = new PacketSender({
      connection: redis,
      prefix: server.prefix,
      packetSize: 10,
      queues: ['orders', 'stock'],
    });
  });
  afterEach(async () => {
    await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
    await redis.flushdb();
  });
  after(async () => {
    await sender.close();
    redis.disconnect();
    blocking.disconnect();
    await server.drop();
  });

  const waiting = async (queue: string) => (await sender.queues.get(queue)?.getWaiting()) ?? [];
  const receive = (work: PacketReceiverOptions['receive'], concurrency = 1) => {
    const receiver = new PacketReceiver({
      connection: blocking,
      prefix: server.prefix,
      queues: ['orders', 'stock'],
      concurrency,
      receive: work,
      onError: () => undefined,
    });
    receivers.push(receiver);
    return receiver.ready();
  };

  it('carry all messages of one commit for one queue in one job', async () => {
    const [a, b, c] = [ref('OrderConfirmed', 'orders'), ref('StockAdded', 'stock'), ref('OrderCancelled', 'orders')];
    await sender.send([a, b, c]);
    const strip = ({ queue: _, ...rest }: typeof a): PacketRef => rest;
    expect((await waiting('orders')).map((job) => job.data)).to.deep.equal([{ messages: [strip(a), strip(c)] }]);
    expect((await waiting('stock')).map((job) => job.data)).to.deep.equal([{ messages: [strip(b)] }]);
  });

  it('say who is to be woken and nothing of what the message says (invariant 10)', async () => {
    const personal = { ...ref('OrderConfirmed', 'orders'), data: { customerName: 'Ada' } };
    await sender.send([personal]);
    const [job] = await waiting('orders');
    expect(Object.keys(job?.data.messages[0] ?? {})).to.have.members(['id', 'type', 'recipient', 'actorId']);
  });

  it('hold no more messages than their bound', async () => {
    await sender.send(Array.from({ length: 23 }, () => ref('OrderConfirmed', 'orders')));
    expect((await waiting('orders')).map((job) => job.data.messages.length)).to.deep.equal([10, 10, 3]);
  });

  it('are named after what they carry', async () => {
    await sender.send([ref('OrderConfirmed', 'orders'), ref('OrderCancelled', 'orders'), ref('StockAdded', 'stock')]);
    expect((await waiting('orders')).map((job) => job.name)).to.deep.equal(['OrderConfirmed +1']);
    expect((await waiting('stock')).map((job) => job.name)).to.deep.equal(['StockAdded']);
    expect(packetName([])).to.equal('empty');
  });

  it('have a name for every queue there is, and no other', async () => {
    const failed = await sender.send([ref('Unheard', 'nowhere')]).catch((error: Error) => error.message);
    expect(failed).to.equal('there is no queue nowhere');
  });

  it('reach the worker of their queue', async () => {
    const received: string[] = [];
    const sent = [ref('OrderConfirmed', 'orders'), ref('StockAdded', 'stock')];
    await new Promise<void>((resolve, reject) => {
      const work = async (messages: readonly PacketRef[], queue: string) => {
        received.push(...messages.map(({ id }) => `${queue} ${id}`));
        if (received.length === 2) resolve();
      };
      receive(work).then(() => sender.send(sent), reject);
    });
    expect(received).to.have.members(sent.map(({ queue, id }) => `${queue} ${id}`));
  });

  it('are tried again when their work fails', async () => {
    let tries = 0;
    await new Promise<void>((resolve, reject) => {
      const work = async () => {
        if (++tries < 3) throw new Error('the database is away');
        resolve();
      };
      receive(work).then(() => sender.send([ref('OrderConfirmed', 'orders')]), reject);
    });
    expect(tries).to.equal(3);
  });

  it('are not in work in greater number than the worker may have', async () => {
    let now = 0;
    let most = 0;
    let done = 0;
    await new Promise<void>((resolve, reject) => {
      const work = async () => {
        most = Math.max(most, ++now);
        await new Promise((later) => setTimeout(later, 20));
        now--;
        if (++done === 9) resolve();
      };
      const send = () => Promise.all(Array.from({ length: 9 }, () => sender.send([ref('OrderConfirmed', 'orders')])));
      send().then(() => receive(work, 3), reject);
    });
    expect(most).to.equal(3);
  });

  it('in work are finished before a worker stops', async () => {
    let finished = false;
    await new Promise<void>((resolve, reject) => {
      const work = async () => {
        resolve();
        await new Promise((later) => setTimeout(later, 100));
        finished = true;
      };
      receive(work).then(() => sender.send([ref('OrderConfirmed', 'orders')]), reject);
    });
    await receivers.pop()?.close();
    expect(finished).to.equal(true);
  });
});

import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { uuidv7 } from 'uuidv7';
import { openRedis, producerOptions } from '../../queues/connection.js';
import {
  appendEvents,
  attributesOf,
  type StreamEvent,
  streamKey,
  trimOlder,
  trimStream,
} from '../../queues/streams.js';
import { type TestRedis, testRedis } from '../support/servers.js';

const channel = 'orders-domain-eventbus';

const event = (position: number, more: Partial<StreamEvent> = {}): StreamEvent => ({
  id: uuidv7(),
  channel,
  position,
  type: 'OrderCancelled',
  version: '1.0.0',
  source: '/order/01a203b9-2a91-725c-8fcd-53539bc4662e',
  subject: '01a203b9-2a91-725c-8fcd-53539bc4662e',
  data: '{"orderId":"01a203b9-2a91-725c-8fcd-53539bc4662e"}',
  correlationId: '01a203b9-0000-7000-8000-00000000c0de',
  causationId: '01a203b9-0000-7000-8000-00000000ca5e',
  time: '2026-01-02T03:04:05.678Z',
  ...more,
});
const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => event(from + index));

for (const protocol of [2, 3] as const) {
  describe(`a channel’s stream (RESP${protocol})`, () => {
    let server: TestRedis;
    let redis: Redis;
    let key: string;
    before(async () => {
      server = await testRedis();
      redis = openRedis(server.url, { ...producerOptions, protocol }, () => undefined);
      await new Promise((resolve) => redis.once('ready', resolve));
      key = streamKey(server.prefix, channel);
    });
    after(async () => {
      redis.disconnect();
      await server.drop();
    });
    beforeEach(() => redis.flushdb());

    const append = (list: readonly StreamEvent[]) => appendEvents(redis, server.prefix, list);
    const trim = (keep: number) => trimStream(redis, server.prefix, channel, keep);
    const ids = async () => (await redis.xrange(key, '-', '+')).map(([id]) => id);
    const read = (group: string, count: number) =>
      redis.xreadgroup('GROUP', group, 'me', 'COUNT', count, 'STREAMS', key, '>');

    describe('that is trimmed by age', () => {
      const noon = new Date('2026-01-02T12:00:00Z');
      const trimOld = (go: boolean) => trimOlder(redis, server.prefix, channel, noon, go);
      const young = (position: number) => event(position, { time: '2026-01-02T12:00:00.000Z' });

      it('loses what is older than the instant, and nothing else', async () => {
        await append([...events(1, 6), ...[7, 8, 9].map(young)]);
        expect(await trimOld(false)).to.equal(6);
        expect(await ids()).to.have.length(9);
        expect(await trimOld(true)).to.equal(6);
        expect(await ids()).to.deep.equal(['7-0', '8-0', '9-0']);
        expect(await trimOld(true)).to.equal(0);
      });

      it('keeps what its slowest consumer group has not acknowledged, however old', async () => {
        await append(events(1, 6));
        for (const group of ['slow', 'quick']) await redis.xgroup('CREATE', key, group, '0');
        await read('quick', 6);
        await redis.xack(key, 'quick', ...(await ids()));
        await read('slow', 4);
        await redis.xack(key, 'slow', '1-0', '2-0');
        expect(await trimOld(false)).to.equal(2);
        expect(await trimOld(true)).to.equal(2);
        expect(await ids()).to.deep.equal(['3-0', '4-0', '5-0', '6-0']);
      });

      it('may be empty', async () => {
        expect(await trimOld(true)).to.equal(0);
      });
    });

    it('carries an event as exactly the fields of CloudEvents that are promised', async () => {
      const [only] = [event(7)];
      await append([only as StreamEvent]);
      const [[id, fields]] = (await redis.xrange(key, '-', '+')) as [[string, string[]]];
      expect(id).to.equal('7-0');
      expect(fields.slice(0, 3)).to.deep.equal(['type', 'OrderCancelled', 'event']);
      expect(JSON.parse(fields[3] as string)).to.deep.equal({
        specversion: '1.0',
        id: only?.id,
        type: 'OrderCancelled',
        source: '/order/01a203b9-2a91-725c-8fcd-53539bc4662e',
        subject: '01a203b9-2a91-725c-8fcd-53539bc4662e',
        time: '2026-01-02T03:04:05.678Z',
        datacontenttype: 'application/json',
        dataschema: '/schemas/OrderCancelled/1.0.0',
        correlationid: '01a203b9-0000-7000-8000-00000000c0de',
        causationid: '01a203b9-0000-7000-8000-00000000ca5e',
        sequence: '0000000000000007',
        traceparent: `00-01a203b9000070008000${'00000000c0de'}-${only?.id.replaceAll('-', '').slice(16)}-01`,
        data: { orderId: '01a203b9-2a91-725c-8fcd-53539bc4662e' },
      });
    });

    it('has no causation for an event that nothing caused', async () => {
      await append([event(1, { causationId: null })]);
      const [[, fields]] = (await redis.xrange(key, '-', '+')) as [[string, string[]]];
      expect(attributesOf(fields)).not.to.have.property('causationid');
    });

    it('is still read where each attribute has a field of its own', () => {
      const fields = [
        'specversion',
        '1.0',
        'id',
        'event',
        'type',
        'OrderCancelled',
        'time',
        '2026-01-02T03:04:05.678Z',
      ];
      expect(attributesOf(fields)).to.deep.equal({
        specversion: '1.0',
        id: 'event',
        type: 'OrderCancelled',
        time: '2026-01-02T03:04:05.678Z',
      });
    });

    describe('when events are appended', () => {
      it('takes hundreds, in order', async () => {
        const list = events(1, 150);
        await append(list.slice(0, 100));
        await append(list);
        expect(await ids()).to.deep.equal(list.map(({ position }) => `${position}-0`));
      });

      it('refuses those that it already holds', async () => {
        const list = events(1, 3);
        await append(list.slice(0, 2));
        await append(list);
        expect(await ids()).to.deep.equal(['1-0', '2-0', '3-0']);
      });

      it('says so when it holds somebody else’s, instead of losing ours', async () => {
        await append(events(1, 3));
        const failed = await append(events(2, 4)).catch((error: Error) => error.message);
        expect(failed).to.include(`${key} already holds another event at 2`);
      });

      it('takes none behind one that was refused', async () => {
        const other = 'inventory-domain-eventbus';
        await redis.set(streamKey(server.prefix, other), 'no stream');
        const mixed = [event(1), event(1, { channel: other }), ...events(2, 150)];
        const failed = await append(mixed).catch((error: Error) => error.message);
        expect(failed).to.include('WRONGTYPE');
        expect(await ids()).to.deep.equal(['1-0']);
        await redis.del(streamKey(server.prefix, other));
        await append(mixed);
        expect(await ids()).to.have.length(150);
      });

      it('takes nothing where it may not write to one of the streams', async () => {
        const user = `only-${process.pid}-${protocol}`;
        await redis.call('ACL', 'SETUSER', user, 'on', 'nopass', '+@all', `~${key}`);
        const limited = openRedis(
          server.url,
          { ...producerOptions, protocol, username: user, password: 'any' },
          () => undefined,
        );
        try {
          await new Promise((resolve) => limited.once('ready', resolve));
          const mixed = [event(1), event(1, { channel: 'inventory-domain-eventbus' }), ...events(2, 150)];
          const failed = await appendEvents(limited, server.prefix, mixed).catch((error: Error) => error);
          expect(failed).to.be.instanceOf(Error);
          expect(await ids()).to.deep.equal([]);
        } finally {
          limited.disconnect();
          await redis.call('ACL', 'DELUSER', user);
        }
      });
    });

    describe('when it is trimmed', () => {
      beforeEach(() => append(events(1, 20)));

      it('keeps the newest entries', async () => {
        expect(await trim(5)).to.equal(15);
        expect(await ids()).to.deep.equal(['16-0', '17-0', '18-0', '19-0', '20-0']);
      });

      it('stays as it is when it is short, and when there is none', async () => {
        expect(await trim(20)).to.equal(0);
        expect(await ids()).to.have.length(20);
        await redis.flushdb();
        expect(await trim(5)).to.equal(0);
      });

      it('keeps what a group has not been given yet', async () => {
        await redis.xgroup('CREATE', key, 'reader', '0');
        await read('reader', 8);
        await redis.xack(key, 'reader', ...(await ids()).slice(0, 8));
        expect(await trim(5)).to.equal(8);
        expect((await ids())[0]).to.equal('9-0');
      });

      it('keeps what a group was given and has not acknowledged', async () => {
        await redis.xgroup('CREATE', key, 'reader', '0');
        await read('reader', 20);
        await redis.xack(key, 'reader', '1-0', '2-0', '4-0', '20-0');
        expect(await trim(5)).to.equal(2);
        expect((await ids())[0]).to.equal('3-0');
      });

      it('waits for the slowest of its groups', async () => {
        for (const group of ['fast', 'slow', 'done']) await redis.xgroup('CREATE', key, group, '0');
        await read('fast', 15);
        await read('slow', 4);
        await read('done', 20);
        for (const group of ['fast', 'slow', 'done'])
          await redis.xack(key, group, ...(await ids()).slice(0, group === 'slow' ? 3 : 20));
        expect(await trim(5)).to.equal(3);
        expect((await ids())[0]).to.equal('4-0');
      });

      it('keeps everything for a group that has not begun', async () => {
        await redis.xgroup('CREATE', key, 'reader', '0');
        expect(await trim(5)).to.equal(0);
        expect(await ids()).to.have.length(20);
      });

      it('keeps no more than asked for a group that only wants what is new', async () => {
        await redis.xgroup('CREATE', key, 'reader', '$');
        expect(await trim(5)).to.equal(15);
      });
    });
  });
}

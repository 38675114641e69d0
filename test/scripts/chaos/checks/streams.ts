import { expect } from 'chai';
import { streamKey } from '../../../../queues/streams.js';
import { streamsFollowTheLog } from '../../../../scripts/chaos/check/streams.js';
import { eventually } from '../../../support/eventually.js';
import { expectOne, type Scene } from './scene.js';

const channel = 'orders-domain-eventbus';

export function describeStreams(scene: () => Scene): void {
  describe('streams', () => {
    before(() =>
      eventually('all is published', async () => (await streamsFollowTheLog(scene().evidence)).length === 0),
    );

    /** What is found in a copy of a stream that something was done to. */
    async function findsIn(plant: (key: string) => Promise<unknown>) {
      const { redis, prefix: original, ...evidence } = scene().evidence;
      const prefix = `${original}planted`;
      const key = streamKey(prefix, channel);
      await redis.copy(streamKey(original, channel), key, 'REPLACE');
      await plant(key);
      return streamsFollowTheLog({ ...evidence, redis, prefix });
    }

    it('finds a gap', async () => {
      const { redis } = scene().evidence;
      expectOne(await findsIn((key) => redis.xdel(key, '2-0')), `stream of ${channel}`, /gap before position 3/);
    });

    it('finds another event than the log has', async () => {
      const { redis } = scene().evidence;
      const found = await findsIn(async (key) => {
        await redis.del(key);
        const length = await redis.xlen(streamKey(scene().evidence.prefix, channel));
        await redis.xadd(key, `${length}-0`, 'id', 'somebody else');
      });
      expectOne(found, `stream of ${channel}`, /holds somebody else/);
    });

    it('finds that the end is missing', async () => {
      const { redis } = scene().evidence;
      const found = await findsIn(async (key) => {
        const [last] = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
        await redis.xdel(key, last?.[0] as string);
      });
      expectOne(found, `stream of ${channel}`, /ends at/);
    });

    it('takes one that begins late, and one that is gone: Redis may be lost at any time', async () => {
      const { redis } = scene().evidence;
      expect(await findsIn((key) => redis.xdel(key, '1-0', '2-0'))).to.deep.equal([]);
      expect(await findsIn((key) => redis.del(key))).to.deep.equal([]);
    });
  });
}

import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { KoaAdapter } from '@bull-board/koa';
import type { Middleware } from 'koa';
import type { PacketSender } from '../../queues/packets.js';

/** bull-board's pages over every queue, grouped by channel, to be mounted at `basePath`. */
export function queuePages(queues: PacketSender['queues'], basePath: string): Middleware {
  const pages = new KoaAdapter();
  pages.setBasePath(basePath);
  createBullBoard({
    queues: [...queues.values()].map((queue) => new BullMQAdapter(queue, { delimiter: '.' })),
    serverAdapter: pages,
    options: { uiConfig: { boardTitle: 'FlowMart queues' } },
  });
  return pages.registerPlugin({ mount: basePath });
}

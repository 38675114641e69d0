import { openRedis, workerOptions } from '../../queues/connection.js';
import { PacketReceiver } from '../../queues/packets.js';

/** A worker for packets.outage.test.ts to kill: it takes a packet, says so, and never finishes. */
const [url = '', prefix = '', queue = ''] = process.argv.slice(2);
const receiver = new PacketReceiver({
  connection: openRedis(url, workerOptions, () => undefined),
  prefix,
  queues: [queue],
  concurrency: 1,
  receive: ([message]) => {
    process.stdout.write(`took ${message?.id}\n`);
    return new Promise(() => undefined);
  },
  onError: () => undefined,
});
await receiver.ready();
process.stdout.write('ready\n');

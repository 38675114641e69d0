import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, type JobsOptions, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

/** What a packet says about one waiting message; the message itself stays in PostgreSQL (invariant 10). */
export interface PacketRef {
  readonly id: string;
  readonly type: string;
  readonly recipient: string;
  readonly actorId: string;
}

/** The data of a BullMQ job: all messages of one commit for one queue. */
export interface Packet {
  readonly messages: readonly PacketRef[];
}

/** Jobs only wake; what they would lose the sweeper finds. So few tries, short keeping. */
const jobOptions: JobsOptions = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 200 },
  removeOnComplete: { count: 200 },
  removeOnFail: { count: 1000 },
};

/** The name bull-board shows: the first message's type and how many more travel along. */
export function packetName(messages: readonly PacketRef[]): string {
  const more = messages.length - 1;
  return more > 0 ? `${messages[0]?.type} +${more}` : (messages[0]?.type ?? 'empty');
}

/** How long the first packets wait for a connection that is just being made. */
const firstContactMs = 1000;

/** The producing side of every queue. */
export class PacketSender {
  readonly #queues = new Map<string, Queue<Packet>>();
  readonly #connection: Redis;
  readonly #prefix: string;
  readonly #packetSize: number;
  #reaching: Promise<unknown> | null = null;

  constructor(options: { connection: Redis; prefix: string; packetSize: number; queues: Iterable<string> }) {
    this.#connection = options.connection;
    this.#prefix = options.prefix;
    this.#packetSize = options.packetSize;
    for (const name of options.queues) this.#queues.set(name, this.#open(name));
  }

  /** The queues, for those who show them. */
  get queues(): ReadonlyMap<string, Queue<Packet>> {
    return this.#queues;
  }

  /**
   * Sends messages to their queues, one packet per queue (bounded).
   * @throws when Redis is away or full; the messages are then woken by the sweeper
   */
  async send(messages: readonly (PacketRef & { readonly queue: string })[]): Promise<void> {
    await this.#reach();
    const byQueue = new Map<string, PacketRef[]>();
    for (const { queue, id, type, recipient, actorId } of messages) {
      const ref = { id, type, recipient, actorId };
      const list = byQueue.get(queue);
      if (list) list.push(ref);
      else byQueue.set(queue, [ref]);
    }
    const added: Promise<unknown>[] = [];
    for (const [name, refs] of byQueue) {
      const queue = this.#queues.get(name);
      if (!queue) throw new Error(`there is no queue ${name}`);
      for (let from = 0; from < refs.length; from += this.#packetSize) {
        const packet = refs.slice(from, from + this.#packetSize);
        added.push(queue.add(packetName(packet), { messages: packet }, jobOptions));
      }
    }
    const failed = (await Promise.allSettled(added)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** BullMQ would wait for a Redis that was never there for as long as it takes; senders may not (design section 4). */
  #reach(): Promise<unknown> {
    const { status } = this.#connection;
    if (status === 'ready') return Promise.resolve();
    if (status !== 'connecting' && status !== 'connect') return Promise.reject(new Error(`Redis is away (${status})`));
    this.#reaching ??= once(this.#connection, 'ready', { signal: AbortSignal.timeout(firstContactMs) }).finally(() => {
      this.#reaching = null;
    });
    return this.#reaching;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#queues.values()].map((queue) => queue.close()));
  }

  #open(name: string): Queue<Packet> {
    const queue = new Queue<Packet>(name, {
      connection: this.#connection,
      prefix: this.#prefix,
      skipVersionCheck: true,
    });
    // The connection reports its own errors; an unhandled one here would end the process.
    queue.on('error', () => undefined);
    return queue;
  }
}

export interface PacketReceiverOptions {
  readonly connection: Redis;
  readonly prefix: string;
  readonly queues: Iterable<string>;
  /** Packets of one queue in work at once. */
  readonly concurrency: number;
  readonly receive: (messages: readonly PacketRef[], queue: string) => Promise<void>;
  readonly onError: (queue: string, error: Error) => void;
}

/** How long BullMQ may take to close once nothing is in work (ms): it would wait for a Redis that does not answer. */
const closingMs = 1000;

/** The consuming side: a BullMQ worker per queue. */
export class PacketReceiver {
  readonly #options: PacketReceiverOptions;
  readonly #workers: Worker<Packet>[] = [];
  readonly #inWork = new Set<Promise<void>>();

  constructor(options: PacketReceiverOptions) {
    this.#options = options;
    for (const name of options.queues) {
      const worker = new Worker<Packet>(name, (job: Job<Packet>) => this.#receive(job, name), {
        connection: options.connection,
        prefix: options.prefix,
        concurrency: options.concurrency,
        // Short locks and checks: a dead dyno's packets are back within seconds, and doing one twice does no harm (invariant 2).
        lockDuration: 10_000,
        stalledInterval: 5_000,
        maxStalledCount: 1000,
        drainDelay: 5,
        skipVersionCheck: true,
      });
      worker.on('error', (error) => options.onError(name, error));
      this.#workers.push(worker);
    }
  }

  /** Resolves once every worker listens. */
  async ready(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.waitUntilReady()));
  }

  /** Takes no new packets and waits for those in work, whether or not Redis still answers. */
  async close(): Promise<void> {
    const closed = Promise.allSettled(this.#workers.map((worker) => worker.close()));
    await Promise.allSettled(this.#inWork);
    await Promise.race([closed, sleep(closingMs, undefined, { ref: false })]);
  }

  #receive({ data }: Job<Packet>, queue: string): Promise<void> {
    const work = this.#options.receive(data.messages, queue).finally(() => this.#inWork.delete(work));
    this.#inWork.add(work);
    return work;
  }
}

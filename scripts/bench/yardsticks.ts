import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Client } from 'pg';

/**
 * Orders per second of a minimal loop that writes the rows of an order's whole journey, one transaction and seven round trips
 * per order, on eight connections: what PostgreSQL allows when every order is a transaction of its own.
 */
export async function perOrderTransactions(databaseUrl: string, seconds: number): Promise<number> {
  const admin = new Client({ connectionString: databaseUrl });
  await admin.connect();
  await admin.query(`
    drop schema if exists yardstick cascade;
    create schema yardstick;
    create table yardstick.orders (id bigint generated always as identity primary key, state text, snapshot jsonb);
    create table yardstick.rows (id bigint generated always as identity primary key, order_id bigint, type text, data jsonb);
    create index on yardstick.rows (order_id)`);
  const snapshot = JSON.stringify({
    items: Array.from({ length: 2 }, () => ({ productId: 'x'.repeat(36), quantity: 1, unitPrice: 1999 })),
    address: 'y'.repeat(200),
  });
  const until = Date.now() + seconds * 1000;
  let done = 0;
  const loop = async () => {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    while (Date.now() < until) {
      await client.query('begin');
      const { rows } = await client.query<{ id: string }>(
        "insert into yardstick.orders (state, snapshot) values ('pending', $1) returning id",
        [snapshot],
      );
      const id = rows[0]?.id;
      // The journal and message rows of the journey, and the states in between.
      for (const state of ['reserving', 'awaitingPayment', 'paid', 'booked']) {
        await client.query(
          `with moved as (update yardstick.orders set state = $2, snapshot = $3 where id = $1)
           insert into yardstick.rows (order_id, type, data) select $1, $2, $3::jsonb from generate_series(1, 5)`,
          [id, state, snapshot],
        );
      }
      await client.query('commit');
      done++;
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: 8 }, loop));
  await admin.query('drop schema yardstick cascade');
  await admin.end();
  return done / seconds;
}

/** Orders per second of a chain of six empty BullMQ jobs per order: what the queues allow when every step is a job. */
export async function sixJobChain(redisUrl: string, seconds: number): Promise<number> {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const names = Array.from({ length: 6 }, (_, index) => `yardstick-${index}`);
  const queues = names.map((name) => new Queue(name, { connection, prefix: '{yardstick}' }));
  const until = Date.now() + seconds * 1000;
  let done = 0;
  const first = queues[0] as Queue;
  const workers = names.map(
    (name, index) =>
      new Worker(
        name,
        async () => {
          const next = queues[index + 1];
          if (next) await next.add('step', {}, { removeOnComplete: true });
          else {
            done++;
            if (Date.now() < until) await first.add('step', {}, { removeOnComplete: true });
          }
        },
        { connection, prefix: '{yardstick}', concurrency: 32 },
      ),
  );
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  await first.addBulk(Array.from({ length: 64 }, () => ({ name: 'step', data: {}, opts: { removeOnComplete: true } })));
  await new Promise((resolve) => setTimeout(resolve, until - Date.now()));
  const rate = done / seconds;
  await Promise.all(workers.map((worker) => worker.close()));
  for (const queue of queues) {
    await queue.obliterate({ force: true });
    await queue.close();
  }
  connection.disconnect();
  return rate;
}

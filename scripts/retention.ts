import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { defaultPrefix, openRedis, producerOptions } from '../queues/connection.js';
import { trimOlder } from '../queues/streams.js';
import { channels } from '../queues/topology.js';
import { ConfigError, loadConfig } from '../src/config.js';
import { connect } from '../src/db/connect.js';
import { forgetExpiredKeys } from '../src/http/idempotency.js';
import { leastKeepDays, retain } from '../src/runtime/retention.js';
import { actors } from '../src/services/registry.js';
import { forgetReports } from '../src/services/subscriptions/usageReports.js';
import { scriptEnvironment } from './dev/scriptEnvironment.js';
import { UserError } from './dev/userError.js';

const help = `npm run retention -- [options]

Drops what is old: whole monthly partitions of the journal and the event log, idempotency keys and reports of use whose time is over, and entries of
the streams that every consumer group has acknowledged. Without --go it only says what would go.
Never dropped, whatever its age: the rows of an order, payment or other actor that is not over, has moved since, has a timer, or has a
message waiting or parked (they move to the default partition), and events that are not published yet.
Reads DATABASE_URL and REDIS_URL; beside a running npm start, they are found by itself. Safe while FlowMart runs.

  --keep 90d  how many days everything is kept; at least ${leastKeepDays}d
  --go        drop it
`;

const { values } = parseArgs({
  options: {
    keep: { type: 'string', default: '90d' },
    go: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function keepDays(): number {
  const days = Number(/^(\d+)d$/.exec(values.keep)?.[1]);
  if (days >= leastKeepDays) return days;
  throw new UserError(`--keep wants days such as 90d, at least ${leastKeepDays}d, not ${values.keep}`);
}

async function main(): Promise<void> {
  const days = keepDays();
  const { go } = values;
  const config = loadConfig(scriptEnvironment());
  const { db, close } = connect({
    url: config.databaseUrl,
    poolSize: 1,
    name: 'flowmart retention',
    onError: () => undefined,
  });
  const redis = openRedis(config.redisUrl, { ...producerOptions, enableOfflineQueue: true }, () => undefined);
  try {
    const outdated = await retain(db, { keepDays: days, actors, go });
    for (const { partition, rows, kept } of outdated)
      say(
        `${partition}: ${rows - kept} of ${rows} rows ${go ? 'are gone' : 'would go'}, ${kept} stay for what lives on`,
      );
    if (outdated.length === 0) say(`No partition is older than ${days} days.`);
    if (go)
      say(`${await forgetExpiredKeys(db)} idempotency keys and ${await forgetReports(db)} reports of use are gone`);
    const { rows } = await sql<{ than: Date }>`select now() - ${days}::int * interval '1 day' as than`.execute(db);
    for (const channel of Object.keys(channels)) {
      const trimmed = await trimOlder(redis, defaultPrefix, channel, rows[0]?.than as Date, go);
      if (trimmed > 0) say(`${channel}: ${trimmed} entries of the stream ${go ? 'are gone' : 'would go'}`);
    }
    if (!go) say('\nAdd --go to drop it.');
  } finally {
    redis.disconnect();
    await close();
  }
}

if (values.help) process.stdout.write(help);
else {
  await main().catch((error: unknown) => {
    const isPlain = error instanceof ConfigError || error instanceof UserError;
    process.stderr.write(`${isPlain ? error.message : (error as Error).stack}\n`);
    process.exitCode = 1;
  });
}

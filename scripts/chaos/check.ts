import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { defaultPrefix } from '../../queues/connection.js';
import { connect } from '../../src/db/connect.js';
import '../../src/db/tables.all.js';
import { startPostgres } from '../dev/postgresServer.js';
import { startRedis } from '../dev/redisServer.js';
import { UserError } from '../dev/userError.js';
import { readLedger } from '../stripeSandbox/ledger.js';
import { readAcknowledged } from './acknowledged.js';
import { runChecks } from './check/checks.js';
import { describeFindings } from './verdict.js';

const help = `node --import tsx scripts/chaos/check.ts [options]

Looks at a FlowMart at rest: at its database, its streams, and the gateway's ledger. Exit code 0 when nothing is wrong.

  --folder DIR          one that npm run chaos -- --folder DIR has left
  --database URL        or: where the database is,
  --redis URL           where the streams are,
  --ledger FILE         the gateway's record,
  --acknowledged FILE   and what clients were told
`;

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    database: { type: 'string' },
    redis: { type: 'string' },
    ledger: { type: 'string' },
    acknowledged: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

interface Place {
  readonly database: string;
  readonly redis: string;
  readonly ledger: string;
  readonly acknowledged: string;
  stop(): Promise<unknown>;
}

async function place(): Promise<Place> {
  const { folder, database, redis, ledger, acknowledged } = values;
  if (folder === undefined) {
    if (!database || !redis || !ledger || !acknowledged)
      throw new UserError('Give --folder, or --database, --redis, --ledger and --acknowledged; see --help.');
    return { database, redis, ledger, acknowledged, stop: async () => undefined };
  }
  const postgres = await startPostgres({ folder: join(folder, 'postgres') });
  const redisServer = await startRedis({ folder: join(folder, 'redis'), persistent: true });
  return {
    database: postgres.url('flowmart'),
    redis: redisServer.url,
    ledger: join(folder, 'ledger.jsonl'),
    acknowledged: join(folder, 'acknowledged.jsonl'),
    stop: () => Promise.all([postgres.stop(), redisServer.stop()]),
  };
}

async function main(): Promise<void> {
  const { database, redis: redisUrl, ledger, acknowledged, stop } = await place();
  const { db, close } = connect({ url: database, poolSize: 2, name: 'chaos check', onError: () => undefined });
  const redis = new Redis(redisUrl);
  try {
    const findings = await runChecks({
      db,
      redis,
      prefix: defaultPrefix,
      ledger: [...readLedger(ledger)],
      acknowledged: readAcknowledged(acknowledged),
    });
    const wrong = describeFindings(findings);
    process.stdout.write(`${[...wrong, wrong.length === 0 ? 'Nothing is wrong.' : ''].join('\n')}\n`);
    process.exitCode = wrong.length === 0 ? 0 : 1;
  } finally {
    redis.disconnect();
    await close();
    await stop();
  }
}

if (values.help) process.stdout.write(help);
else {
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof UserError ? error.message : (error as Error).stack}\n`);
    process.exitCode = 2;
  });
}

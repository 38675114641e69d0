import { join } from 'node:path';
import { startPostgres } from '../../../scripts/dev/postgresServer.js';
import { reaper } from '../../../scripts/dev/reaper.js';
import { startRedis } from '../../../scripts/dev/redisServer.js';

// Started by servers.test.ts to be killed: starts both servers in the folder it is given, and waits.
const folder = process.argv[2] as string;
reaper.remove(folder);
const postgres = await startPostgres({ folder: join(folder, 'postgres'), fsync: false });
const redis = await startRedis({ folder: join(folder, 'redis') });
process.stdout.write(`pids ${postgres.process.pid} ${redis.process.pid}\n`);

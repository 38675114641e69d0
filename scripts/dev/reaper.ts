import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

let child: ChildProcess | undefined;

/** Tells the reaper (see reaper.mjs) what to clear away should this process die without doing so itself. */
export const reaper = {
  pid: (): number | undefined => running().pid,
  watch(pid: number, signal: NodeJS.Signals): void {
    tell({ watch: { pid, signal } });
  },
  forget(pid: number): void {
    tell({ forget: pid });
  },
  /** Remove this folder when this process ends, however it ends. */
  remove(folder: string): void {
    tell({ remove: folder });
  },
  removed(folder: string): void {
    tell({ removed: folder });
  },
};

function tell(message: object): void {
  running().stdin?.write(`${JSON.stringify(message)}\n`);
}

function running(): ChildProcess {
  child ??= start();
  return child;
}

function start(): ChildProcess {
  const started = spawn(process.execPath, [fileURLToPath(new URL('reaper.mjs', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C must not reach it.
    cwd: '/',
  });
  started.unref();
  started.on('error', () => {}); // Without it everything works, only less tidily after a kill -9.
  started.stdin?.on('error', () => {});
  (started.stdin as Socket | null)?.unref();
  return started;
}

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reaper } from './reaper.js';

export interface ProcessOptions {
  name: string;
  command: string;
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Where its output goes. */
  logFile: string;
  /** The signal that asks it to stop in good order. */
  stopSignal?: NodeJS.Signals;
  uid?: number;
  gid?: number;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Settles when it has ended, whoever ended it. */
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  /** Everything it has written so far. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Does not keep our own process alive any longer. */
  unref(): void;
  /** Asks it to stop; kills it when it has not after `graceMs` milliseconds. */
  stop(graceMs?: number): Promise<Exit>;
}

/**
 * Starts a process whose output goes to a file, in a process group of its own: Ctrl-C reaches only us, and we decide
 * who stops when. Should we die first, the reaper stops it.
 */
export async function startProcess(options: ProcessOptions): Promise<ManagedProcess> {
  const stopSignal = options.stopSignal ?? 'SIGTERM';
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  const child = spawn(options.command, options.args ?? [], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', log, log],
    detached: true,
    uid: options.uid,
    gid: options.gid,
  });
  closeSync(log);
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  const pid = child.pid as number;
  reaper.watch(pid, stopSignal);
  exited.then(() => reaper.forget(pid));
  const isRunning = () => child.exitCode === null && child.signalCode === null;

  return {
    name: options.name,
    pid,
    logFile: options.logFile,
    exited,
    isRunning,
    output: () => readFileSync(options.logFile, 'utf8'),
    signal: (signal) => void child.kill(signal),
    unref: () => child.unref(),
    async stop(graceMs = 20_000) {
      if (isRunning()) {
        child.ref();
        child.kill(stopSignal);
        const timer = new AbortController();
        const late = sleep(graceMs, 'late', { signal: timer.signal }).catch(() => undefined);
        if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL');
        timer.abort();
      }
      return exited;
    },
  };
}

/** Waits until `probe` answers true; false when the process has ended or `timeoutMs` have passed before. */
export async function waitUntil(
  managed: Pick<ManagedProcess, 'isRunning'>,
  probe: () => Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (managed.isRunning() && Date.now() < deadline) {
    if (await probe()) return true;
    await sleep(30);
  }
  return false;
}

/** The last lines of a text, for showing why something ended. */
export function lastLines(text: string, count = 15): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

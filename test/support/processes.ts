import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Exit, lastLines, type ManagedProcess, startProcess } from '../../scripts/dev/managedProcess.js';
import { testSubfolder } from './folder.js';

/** A process of FlowMart's, such as a web or a worker, that a test started. */
export interface SpawnedProcess extends ManagedProcess {
  /** Waits until it has written something that matches. */
  waitForOutput(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Waits until a GET of this URL answers 200. */
  waitForReady(url: string, timeoutMs?: number): Promise<void>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<Exit>;
}

const spawned = new Set<SpawnedProcess>();

/**
 * Starts `node --import tsx <script> <args>` with this environment on top of a minimal one (nothing of the caller's leaks in).
 * The run stops it at its end; a test that is done with it should have done so before.
 */
export async function spawnProcess(
  script: string,
  env: NodeJS.ProcessEnv = {},
  args: readonly string[] = [],
): Promise<SpawnedProcess> {
  const name = basename(script, '.ts');
  const managed = await startProcess({
    name,
    command: process.execPath,
    args: ['--import', 'tsx', script, ...args],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, NODE_ENV: 'test', ...env },
    logFile: join(testSubfolder(`${name}-`), 'output.log'),
  });
  managed.unref();
  const fail = (what: string) => {
    const state = managed.isRunning() ? 'is still running' : 'has ended';
    return new Error(`${name} ${what}; it ${state}. Its last lines:\n${lastLines(managed.output())}`);
  };

  const process_: SpawnedProcess = {
    ...managed,
    async waitForOutput(pattern, timeoutMs = 15_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const running = managed.isRunning();
        const found = pattern.exec(managed.output());
        if (found) return found;
        if (!running || Date.now() > deadline) throw fail(`did not write ${pattern}`);
        await sleep(20);
      }
    },
    async waitForReady(url, timeoutMs = 30_000) {
      const deadline = Date.now() + timeoutMs;
      while (managed.isRunning() && Date.now() < deadline) {
        const answer = await fetch(url, { headers: { connection: 'close' } }).catch(() => undefined);
        await answer?.body?.cancel();
        if (answer?.status === 200) return;
        await sleep(50);
      }
      throw fail(`was not ready at ${url}`);
    },
    kill() {
      managed.signal('SIGKILL');
      return managed.exited;
    },
  };
  spawned.add(process_);
  managed.exited.then(() => spawned.delete(process_));
  return process_;
}

/** Stops whatever the run has started and not stopped. */
export async function stopSpawned(): Promise<void> {
  await Promise.all([...spawned].map((one) => one.stop(5000)));
}

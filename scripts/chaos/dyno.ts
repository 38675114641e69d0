import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lastLines, type ManagedProcess, startProcess } from '../dev/managedProcess.js';

const clockPreload = fileURLToPath(new URL('shiftedClock.mjs', import.meta.url));

/** How long the supervisor takes to notice that a process has ended (ms). */
const noticeMs = 100;

export interface DynoOptions {
  readonly name: string;
  /** The compiled program and its arguments. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Where its log and its clock are; made before. */
  readonly folder: string;
  /** Told why the process ended when nobody had killed it. */
  readonly onDeath: (why: string) => void;
}

/** A process with a supervisor: whenever it ends, another one takes its place. */
export class Dyno {
  readonly name: string;
  readonly #options: DynoOptions;
  readonly #clock: string;
  #process: ManagedProcess | null = null;
  #killed = false;
  #stopping = false;

  constructor(options: DynoOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = `${options.folder}/${options.name}.clock`;
  }

  async start(): Promise<void> {
    const { name, script, args = [], env, cwd, folder } = this.#options;
    const started = await startProcess({
      name,
      command: process.execPath,
      args: ['--enable-source-maps', '--import', clockPreload, script, ...args],
      env: { ...env, CHAOS_CLOCK: this.#clock },
      cwd,
      logFile: `${folder}/${name}.log`,
    });
    this.#killed = false;
    this.#process = started;
    void started.exited.then(({ code, signal }) => this.#replace(started, signal ?? `exit code ${code}`));
    // It was stopped while it was being started.
    if (this.#stopping) await this.stop();
  }

  /** The process of now; another one after the next kill. */
  get process(): ManagedProcess {
    if (!this.#process) throw new Error(`${this.name} was not started`);
    return this.#process;
  }

  /** kill -9. */
  kill(): void {
    this.#killed = true;
    this.#process?.signal('SIGKILL');
  }

  freeze(): void {
    this.#process?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process?.signal('SIGCONT');
  }

  /** Sets its wall clock off by so many milliseconds, now and after every restart. */
  shiftClock(ms: number): void {
    writeFileSync(this.#clock, String(ms));
    this.#process?.signal('SIGUSR2');
  }

  /** Stops it in good order, for good. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.thaw();
    await this.#process?.stop();
  }

  async #replace(ended: ManagedProcess, how: string): Promise<void> {
    if (this.#stopping) return;
    // A process that has just begun does not know yet what a new clock is, and dies of being told.
    if (!this.#killed && how !== 'SIGUSR2')
      this.#options.onDeath(`${this.name} ended by itself (${how}): ${lastLines(ended.output(), 5)}`);
    await sleep(noticeMs);
    if (!this.#stopping) await this.start();
  }
}

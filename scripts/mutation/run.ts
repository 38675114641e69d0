import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../dev/userError.js';
import type { Mutant } from './mutants.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const copied = ['src', 'machines', 'queues', 'scripts', 'test', 'package.json', 'tsconfig.json', '.mocharc.json'];
/** How long one test may take, and one run of some with their servers (ms): a mutant that hangs is one that was noticed. */
const testMs = 60_000;
const patienceMs = 300_000;

/** What became of a mutant. */
export interface Outcome {
  readonly name: string;
  readonly test: string;
  readonly killed: boolean;
  /** How the test failed. */
  readonly how: string;
}

/**
 * A mutated text.
 * @throws {UserError} when the mutant is stale: what it replaces is not in the file exactly once
 */
export function mutate(text: string, { name, file, from, to }: Mutant): string {
  const parts = text.split(from);
  if (parts.length !== 2)
    throw new UserError(`stale mutant "${name}": ${file} holds its text ${parts.length - 1} times, not once`);
  return parts.join(to);
}

/** A copy of the project, in which tests are run while one safeguard is missing. */
export class MutationLab {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = mkdtempSync(join(folder, 'mutation-'));
    for (const name of copied) cpSync(join(root, name), join(this.#folder, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
  }

  /**
   * Makes sure that the tests pass as long as nothing is missing.
   * @throws {UserError} naming the ones that do not
   */
  async checkTests(mutants: readonly Mutant[], signal: AbortSignal): Promise<void> {
    const files = [...new Set(mutants.map(({ test }) => test.file))];
    const { passed, failures } = await this.#mocha(
      files,
      mutants.map(({ test }) => test.title),
      signal,
    );
    const missing = mutants.filter(({ test }) => !passed.some((title) => title.includes(test.title)));
    if (missing.length === 0) return;
    const names = missing.map(({ test }) => `${test.file}: ${test.title}`).join('\n');
    throw new UserError(`These tests do not pass without a mutant either:\n${names}\n${failures.join('\n')}`);
  }

  /** Takes one safeguard away, runs its test, and puts it back. */
  async try(mutant: Mutant, signal: AbortSignal): Promise<Outcome> {
    const { name, file, test } = mutant;
    const path = join(this.#folder, file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, mutate(text, mutant));
    try {
      const { passed, failures, over } = await this.#mocha([test.file], [test.title], signal);
      const how = over ? 'it did not end' : (failures[0] ?? (passed.length > 0 ? 'it passed' : 'it was not run'));
      return { name, test: `${test.file}: ${test.title}`, killed: over || failures.length > 0, how };
    } finally {
      writeFileSync(path, text);
    }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs the tests whose titles contain one of these texts. */
  async #mocha(
    files: readonly string[],
    titles: readonly string[],
    signal: AbortSignal,
  ): Promise<{ passed: string[]; failures: string[]; over: boolean }> {
    const grep = titles.map((title) => title.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
    const report = join(this.#folder, 'report.json');
    rmSync(report, { force: true });
    const args = ['--reporter', 'json', '--reporter-option', `output=${report}`, '--timeout', String(testMs)];
    const mocha = spawn(process.execPath, ['node_modules/mocha/bin/mocha.js', ...args, '--grep', grep, ...files], {
      cwd: this.#folder,
      stdio: 'ignore',
      signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
      killSignal: 'SIGTERM',
    });
    const ended = await new Promise<boolean>((resolve) => {
      mocha.once('exit', (code) => resolve(code !== null));
      mocha.once('error', () => resolve(false));
    });
    signal.throwIfAborted();
    if (!ended) return { passed: [], failures: [], over: true };
    const { passes, failures } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    return {
      passed: passes.map(({ fullTitle }) => fullTitle),
      // Not a hook that a busy machine has let down.
      failures: failures
        .filter(({ fullTitle }) => !/"(before|after) all" hook/.test(fullTitle))
        .map(({ err }) => err.message?.split('\n')[0] ?? 'failed'),
      over: false,
    };
  }
}

interface Report {
  readonly passes: readonly { readonly fullTitle: string }[];
  readonly failures: readonly { readonly fullTitle: string; readonly err: { readonly message?: string } }[];
}

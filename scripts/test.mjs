// `npm test`: every check of the project, on a machine with only Node. Ends with one line: N passed, N failed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireNode } from './nodeVersion.mjs';

const help = `npm test: checks everything

Installs the dependencies when they are missing or stale, then runs Biome, the type check, the import rules and all tests.
Needs nothing running and leaves nothing running; PostgreSQL and Redis servers of its own come and go with it.

  npm test -- test/src/config.test.ts     the tests of some files only
  npm test -- --grep "O-17"               the tests whose name contains this
  (with arguments, which go to mocha, only the tests run)

Environment: TEST_DATABASE_URL, a PostgreSQL server of yours to make (and remove) the test databases on.
`;

requireNode();
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const nodeModule = (/** @type {string} */ path) => join('node_modules', path);
const checks = [
  { title: 'Biome', args: [nodeModule('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.'] },
  { title: 'Type check', args: [nodeModule('typescript/bin/tsc'), '--noEmit', '-p', '.'] },
  { title: 'Import rules', args: ['--import', 'tsx', 'scripts/importRules.ts'] },
];

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
let interrupted = false;
// Ctrl-C reaches the checks and tests by itself; we stay to see them end.
process.on('SIGINT', () => (interrupted = true));
process.on('SIGTERM', () => {
  interrupted = true;
  running?.kill('SIGTERM');
});

const mochaArgs = process.argv.slice(2);
if (mochaArgs.includes('--help') || mochaArgs.includes('-h')) process.stdout.write(help);
else {
  process.exitCode = await main().catch((error) => {
    process.stderr.write(`\n${error.message}\n`);
    return 1;
  });
}

async function main() {
  const { ensureInstalled } = await import('./ensureInstalled.mjs');
  await ensureInstalled();
  const total = { passed: 0, failed: 0 };
  for (const check of mochaArgs.length > 0 ? [] : checks) {
    if (interrupted) break;
    const { code, output } = await run(check.args, 'pipe');
    process.stdout.write(`  ${code === 0 ? '✓' : '✗'} ${check.title}\n`);
    if (code === 0) total.passed++;
    else {
      total.failed++;
      process.stdout.write(`${output.trimEnd()}\n\n`);
    }
  }
  if (!interrupted) {
    const tests = await runMocha();
    total.passed += tests.passed;
    total.failed += tests.failed;
  }
  if (interrupted) {
    process.stdout.write('Interrupted before the end.\n');
    return 130;
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  return total.failed > 0 ? 1 : 0;
}

/** @returns {Promise<{ passed: number, failed: number }>} */
async function runMocha() {
  const folder = mkdtempSync(join(tmpdir(), 'flowmart-counts-'));
  const counts = join(folder, 'counts.json');
  try {
    const reporting = ['--reporter', 'test/support/reporter.mjs', '--reporter-option', `counts=${counts}`];
    const { code } = await run([nodeModule('mocha/bin/mocha.js'), ...reporting, ...mochaArgs], 'inherit');
    const { passed, failed } = JSON.parse(readFileSync(counts, 'utf8'));
    return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 }; // It ended before it could count.
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string[]} args
 * @param {'pipe' | 'inherit'} output
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function run(args, output) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', output, output] });
    running = child;
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: text }));
  });
}

import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { thisMachine } from './dev/machine.js';
import { UserError } from './dev/userError.js';
import { type Mutant, mutants } from './mutation/mutants.js';
import { MutationLab, type Outcome } from './mutation/run.js';

const help = `npm run mutation -- [options]

Takes the engine's safeguards away, one after the other, in a copy of the project, and runs for each the test that must fail
then. Exit code 0 when every one of them does.

  --only TEXT    only safeguards whose name contains this
  --json         one JSON document on standard output instead of the table
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

async function tryAll(chosen: readonly Mutant[], signal: AbortSignal): Promise<Outcome[]> {
  const lab = new MutationLab(tmpdir());
  try {
    say(`${chosen.length} mutants; first their tests without any …`);
    await lab.checkTests(chosen, signal);
    const outcomes: Outcome[] = [];
    for (const mutant of chosen) {
      const outcome = await lab.try(mutant, signal);
      outcomes.push(outcome);
      say(`${outcome.killed ? '✓' : '✗'} ${outcome.name}`);
    }
    return outcomes;
  } finally {
    lab.close();
  }
}

async function main(): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort(new UserError('Interrupted.')));
  const chosen = mutants.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) throw new UserError(`There is no mutant whose name contains ${values.only}`);
  const outcomes = await tryAll(chosen, interrupted.signal);
  const killed = outcomes.filter((outcome) => outcome.killed).length;
  const verdict = { date: new Date().toISOString(), machine: thisMachine(), killed, of: outcomes.length, outcomes };
  process.stdout.write(`${values.json ? JSON.stringify(verdict, null, 2) : table(outcomes)}\n`);
  if (!values.json) process.stdout.write(`${killed} of ${outcomes.length} killed\n`);
  process.exitCode = killed === outcomes.length ? 0 : 1;
}

/** The outcomes as a table of Markdown, as docs/reliability.md has it. */
const table = (outcomes: readonly Outcome[]): string =>
  [
    '| Taken away: that … | Test that fails | |',
    '|---|---|---|',
    ...outcomes.map(({ name, test, killed }) => `| ${name} | ${test} | ${killed ? 'killed' : '**survived**'} |`),
  ].join('\n');

if (values.help) process.stdout.write(help);
else {
  await main().catch((error: unknown) => {
    say(error instanceof UserError ? error.message : String((error as Error).stack));
    process.exitCode = error instanceof UserError ? 2 : 1;
  });
}

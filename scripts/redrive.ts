import { parseArgs } from 'node:util';
import { ConfigError, loadConfig } from '../src/config.js';
import { connect } from '../src/db/connect.js';
import { listDeadLetters, redrive } from '../src/runtime/deadLetters.js';
import { scriptEnvironment } from './dev/scriptEnvironment.js';

const help = `npm run redrive -- [options]

Shows dead letters (messages that failed five times, or that no retry can help), or puts them back into their mailboxes.
Reads DATABASE_URL; beside a running npm start, its database is found by itself.

  --id UUID         only the message with this id
  --type NAME       only messages of this type, such as PaymentProcessed
  --recipient NAME  only messages for this kind of receiver, such as order
  --go              put them back (without it they are only listed)
  --limit N         how many to list (50)
`;

const { values } = parseArgs({
  options: {
    id: { type: 'string' },
    type: { type: 'string' },
    recipient: { type: 'string' },
    go: { type: 'boolean', default: false },
    limit: { type: 'string', default: '50' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const { databaseUrl } = loadConfig(scriptEnvironment());
  const { db, close } = connect({ url: databaseUrl, poolSize: 1, name: 'flowmart redrive', onError: () => undefined });
  const filter = {
    ...(values.id ? { id: values.id } : {}),
    ...(values.type ? { type: values.type } : {}),
    ...(values.recipient ? { recipient: values.recipient } : {}),
  };
  try {
    if (values.go) {
      process.stdout.write(
        `${await redrive(db, filter)} messages are back in their mailboxes; a worker fetches them within seconds.\n`,
      );
      return;
    }
    const letters = await listDeadLetters(db, filter, Number(values.limit));
    for (const letter of letters) {
      process.stdout.write(
        `${letter.diedAt.toISOString()}  ${letter.id}  ${letter.type} → ${letter.recipient} ${letter.actorId}\n    after ${letter.attempts} tries: ${letter.error}\n`,
      );
    }
    process.stdout.write(letters.length > 0 ? '\nAdd --go to put them back.\n' : 'There are no such dead letters.\n');
  } finally {
    await close();
  }
}

if (values.help) process.stdout.write(help);
else {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
}

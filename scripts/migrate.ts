import { ConfigError, loadConfig } from '../src/config.js';
import { migrate } from '../src/db/migrate.js';
import { scriptEnvironment } from './dev/scriptEnvironment.js';

/** Brings the database to the current schema: the `release` line of the Procfile. */
if (process.argv.includes('--help')) {
  process.stdout.write(
    'npm run migrate\n\nBrings the database of DATABASE_URL to the current schema; safe to run again, and from several places at once.\n',
  );
} else {
  try {
    const applied = await migrate(loadConfig(scriptEnvironment()).databaseUrl);
    process.stdout.write(applied.length > 0 ? `${applied.join('\n')}\n` : 'The schema is current.\n');
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
}

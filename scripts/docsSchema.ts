import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { migrate } from '../src/db/migrate.js';
import { startPostgres } from './dev/postgresServer.js';
import { temporaryFolder } from './dev/temporaryFolder.js';
import { schemaDiagrams } from './docs/schemaDiagrams.js';
import { refresh } from './docs.js';

const document = new URL('../docs/schema.md', import.meta.url);

if (process.argv.includes('--help')) {
  process.stdout.write(
    'npm run docs:schema\n\nWrites the diagrams of docs/schema.md anew, from a PostgreSQL of its own that it migrates, reads and stops.\n',
  );
} else {
  const folder = temporaryFolder('flowmart-schema-');
  try {
    const server = await startPostgres({ folder, fsync: false });
    try {
      const url = server.url('postgres');
      await migrate(url);
      const diagrams = await schemaDiagrams(url);
      writeFileSync(document, refresh(readFileSync(document, 'utf8'), { schema: () => diagrams }));
      process.stdout.write('docs/schema.md\n');
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { schemaDiagrams } from '../../scripts/docs/schemaDiagrams.js';
import { refresh } from '../../scripts/docs.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';

describe('docs/schema.md', () => {
  const text = readFileSync(new URL('../../docs/schema.md', import.meta.url), 'utf8');
  let database: TestDatabase;
  let diagrams: string;

  before(async function () {
    this.timeout(60_000);
    database = await testDatabase();
    diagrams = await schemaDiagrams(database.url);
  });
  after(() => database.drop());

  it('shows the schema that the migrations make (S-015)', () => {
    expect(refresh(text, { schema: () => diagrams }), 'run npm run docs:schema').to.equal(text);
  });

  it('shows keys, relations and what a column may be, and no table of PostgreSQL or of the migrator', () => {
    expect(diagrams).to.include('    uuid movement_id PK\n    uuid stock_item_id FK\n');
    expect(diagrams).to.include('    text sku UK\n');
    expect(diagrams).to.include('    integer available "generated"\n');
    expect(diagrams).to.include('    text phone "may be null"\n');
    expect(diagrams).to.include('  stock_items ||--o{ stock_movements : "stock_item_id"\n');
    expect(diagrams).to.include('  customers |o--o{ orders : "customer_id"\n');
    expect(diagrams).not.to.match(/kysely|pg_|journal_default/);
  });
});

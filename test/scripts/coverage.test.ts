import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Row {
  readonly id: string;
  readonly status: string;
  readonly evidence: readonly string[];
}

interface Listed {
  readonly file: string;
  readonly fullTitle: string;
}

describe('docs/coverage.md', function () {
  this.timeout(120_000);
  const text = readFileSync(`${root}docs/coverage.md`, 'utf8');
  const rows: Row[] = text.split('\n').flatMap((line) => {
    if (!/^\| S-\d/.test(line)) return [];
    const cells = line.split('|').map((cell) => cell.trim());
    expect(cells, line).to.have.length(9);
    return [{ id: cells[1] ?? '', status: cells[6] ?? '', evidence: (cells[7] ?? '').split('<br>').filter(Boolean) }];
  });
  const kindOf = ({ status }: Row): string => status.split(':')[0] ?? '';
  const cited = rows.flatMap(({ id, evidence }) =>
    evidence.flatMap((part) => {
      const [, file, title] = /^`(test\/[^`]+\.test\.ts)` › (.+)$/.exec(part) ?? [];
      return file && title ? [{ id, file, title }] : [];
    }),
  );

  it('has every row once, in order', () => {
    const ids = Array.from({ length: 127 }, (_, index) => `S-${String(index + 1).padStart(3, '0')}`);
    expect(rows.map(({ id }) => id)).to.deep.equal(ids);
  });

  it('has a status in each, what is missing or why it does not apply, and evidence for what works', () => {
    for (const row of rows) {
      expect(row.status, row.id).to.match(/^(works|open|partial: \S.+|n\/a: \S.+)$/);
      if (kindOf(row) === 'works') expect(row.evidence, row.id).not.to.be.empty;
      if (kindOf(row) === 'open') expect(row.evidence, row.id).to.be.empty;
    }
  });

  it('counts them right', () => {
    const count = (kind: string) => rows.filter((row) => kindOf(row) === kind).length;
    expect(text).to.include(
      `Of 127 rows, ${count('works')} work, ${count('partial')} are partial and ${count('open')} are open.`,
    );
  });

  it('names files, pages and commands that there are', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> };
    for (const { file } of cited) expect(existsSync(`${root}${file}`), file).to.equal(true);
    for (const [, page] of text.matchAll(/\]\(([^)]+)\)/g))
      expect(existsSync(`${root}docs/${page}`), page).to.equal(true);
    for (const [, name = ''] of text.matchAll(/`npm (?:run )?([\w:]+)/g)) expect(scripts).to.include.keys(name);
  });

  it('names tests that there are, and that are not skipped', async () => {
    const files = [...new Set(cited.map(({ file }) => file))];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['node_modules/mocha/bin/mocha.js', '--dry-run', '--reporter', 'json', ...files],
      { cwd: root, maxBuffer: 64 * 1024 * 1024 },
    );
    const { tests, pending } = JSON.parse(stdout) as { tests: Listed[]; pending: Listed[] };
    const titleOf = ({ file, fullTitle }: Listed) => `${file.slice(root.length)} ${fullTitle}`;
    const skipped = new Set(pending.map(titleOf));
    const titles = tests.map(titleOf).filter((title) => !skipped.has(title));
    const missing = cited.filter(
      ({ file, title }) => !titles.some((one) => one.startsWith(`${file} `) && one.endsWith(` ${title}`)),
    );
    expect(missing).to.deep.equal([]);
  });
});

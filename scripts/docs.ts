import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { channelChart, channelTable, commandTable } from './docs/channelMap.js';
import { eventCatalogue } from './docs/eventCatalogue.js';

const root = new URL('..', import.meta.url);

/** What is generated, by the file and the marker it stands between. */
const parts: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'docs/architecture.md': { chart: channelChart, channels: channelTable, commands: commandTable },
  'docs/events.md': { messages: eventCatalogue },
};

/** A document with its generated parts written anew: each stands between `<!-- generated: NAME -->` and `<!-- end -->`. */
export function refresh(text: string, generators: Readonly<Record<string, () => string>>): string {
  return Object.entries(generators).reduce((document, [name, generate]) => {
    const pattern = new RegExp(`(<!-- generated: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
    if (!pattern.test(document)) throw new Error(`there is no place for "${name}"`);
    return document.replace(pattern, (_, begin: string, end: string) => `${begin}\n${generate()}\n\n${end}`);
  }, text);
}

/** The documents whose generated parts no longer say what the code says. */
export function staleDocuments(): string[] {
  return Object.entries(parts).flatMap(([file, generators]) => {
    const text = readFileSync(new URL(file, root), 'utf8');
    return refresh(text, generators) === text ? [] : [file];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--help')) {
    process.stdout.write(
      'npm run docs [-- --check]\n\nWrites the generated parts of docs/ anew; --check only says which are out of date (exit 1).\n',
    );
  } else if (process.argv.includes('--check')) {
    const stale = staleDocuments();
    for (const file of stale) process.stdout.write(`${file} is out of date: npm run docs\n`);
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else {
    for (const [file, generators] of Object.entries(parts)) {
      const url = new URL(file, root);
      writeFileSync(url, refresh(readFileSync(url, 'utf8'), generators));
      process.stdout.write(`${file}\n`);
    }
  }
}

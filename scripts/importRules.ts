import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One part of the project: which files it is, which parts of the project it may import, and which packages. */
interface Area {
  name: string;
  files: RegExp;
  /** `$1` stands for what the first group of `files` matched. */
  imports: readonly string[];
  packages: readonly string[];
}

const builtins = '^node:';
const contracts = ['^machines/index\\.ts$', '^machines/shared/', '^machines/[^/]+/[^/]+\\.messages\\.ts$'];
const logging = ['^pino$', '^prom-client$'];

/** Imports run one way (docs/architecture.md). The first area whose `files` match a file is the one that holds for it. */
const areas: readonly Area[] = [
  {
    name: 'machines/index.ts',
    files: /^machines\/index\.ts$/,
    imports: ['^machines/'],
    packages: ['^xstate$', '^zod$'],
  },
  {
    // Months and leap days are harder than they look: the one piece of the domain that a library does, in UTC and without a clock.
    name: 'machines/shared/calendar.ts',
    files: /^machines\/shared\/calendar\.ts$/,
    imports: ['^machines/shared/'],
    packages: ['^luxon$'],
  },
  {
    name: 'a machine',
    files: /^machines\/([^/]+)\//,
    imports: ['^machines/$1/', ...contracts],
    packages: ['^xstate$', '^zod$'],
  },
  {
    name: 'queues',
    files: /^queues\//,
    imports: ['^machines/', '^queues/'],
    packages: [builtins, '^bullmq$', '^ioredis$', '^zod$', ...logging],
  },
  { name: 'src/config.ts', files: /^src\/config\.ts$/, imports: [], packages: ['^zod$'] },
  {
    name: 'src/db',
    files: /^src\/db\//,
    imports: ['^src/db/', '^machines/'],
    packages: [builtins, '^kysely$', '^pg$', ...logging],
  },
  {
    name: 'src/runtime',
    files: /^src\/runtime\//,
    imports: ['^src/runtime/', '^src/db/', '^queues/', '^machines/shared/'],
    packages: [builtins, '^kysely$', '^pg$', '^xstate$', '^zod$', ...logging],
  },
  {
    name: 'src/services/registry.ts',
    files: /^src\/services\/registry\.ts$/,
    imports: [
      '^src/services/',
      '^src/runtime/',
      '^src/db/',
      '^src/config\\.ts$',
      '^machines/',
      '^queues/topology\\.ts$',
    ],
    packages: ['^kysely$', '^xstate$', ...logging],
  },
  {
    name: 'a service',
    files: /^src\/services\/([^/]+)\//,
    imports: ['^src/services/$1/', '^src/runtime/', '^src/db/', '^queues/topology\\.ts$', ...contracts],
    packages: [builtins, '^kysely$', '^zod$', '^stripe$', '^nodemailer$', ...logging],
  },
  {
    name: 'src/http',
    files: /^src\/(?:http|console)\//,
    imports: [
      '^src/http/',
      '^src/console/',
      '^src/runtime/',
      '^src/db/',
      '^queues/',
      // What reads need: the words for a stored actor, and the services' own queries and price lists.
      '^machines/[^/]+/[^/]+\\.(view|context|rules|preview|values)\\.ts$',
      '^src/services/[^/]+/(queries|stockItem|stockStatus|pricing|discounts)\\.ts$',
      ...contracts,
    ],
    packages: [
      builtins,
      '^koa$',
      '^@koa/',
      '^koa-helmet$',
      '^@bull-board/',
      '^swagger-ui-dist',
      '^kysely$',
      '^zod$',
      ...logging,
    ],
  },
  // The composition roots wire everything together, and so may import everything but what queues/ keeps to itself.
  { name: 'a composition root', files: /^src\/[^/]+\.ts$/, imports: ['.'], packages: ['^(?!bullmq$|ioredis$)'] },
];

/** What must not be written in some files. */
const forbidden: readonly { files: RegExp; except?: RegExp; text: RegExp; why: string }[] = [
  {
    files: /^(src|machines|queues)\//,
    except: /^src\/config\.ts$/,
    text: /\bprocess\.env\b/,
    why: 'only src/config.ts reads the environment',
  },
  {
    files: /^machines\//,
    text: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bDateTime\.(?:now|local|utc)\b/,
    why: 'a machine reads no clock: the time arrives in the message',
  },
  {
    files: /^machines\//,
    text: /\bMath\.random\b|\bcrypto\b|\brandomUUID\b/,
    why: 'a machine draws no random number: ids arrive in the message',
  },
  { files: /^machines\//, text: /\bcreateActor\b|\binvoke\s*:/, why: 'a machine is never run: transition() only' },
];

/** The project's files by path, with `/` between folders. */
export type Sources = ReadonlyMap<string, string>;

/** Checks the directions of imports, and says what breaks them, one line each. */
export function importProblems(sources: Sources): string[] {
  const graph = new Map<string, string[]>();
  const problems: string[] = [];
  for (const [file, source] of sources) {
    const code = withoutComments(source);
    const imports = importsOf(code).map((specifier) => resolveImport(file, specifier));
    graph.set(file, imports);
    problems.push(...directionProblems(file, imports), ...forbiddenProblems(file, code));
  }
  return [...problems, ...cycles(graph).map((cycle) => `${cycle.join(' → ')}: imports must not run in a circle`)];
}

function directionProblems(file: string, imports: readonly string[]): string[] {
  const area = areas.find(({ files }) => files.test(file));
  if (!area) return [];
  const group = area.files.exec(file)?.[1] ?? '';
  const allowed = (patterns: readonly string[], target: string) =>
    patterns.some((pattern) => new RegExp(pattern.replace('$1', group)).test(target));
  return imports
    .filter((target) => !allowed(isProjectFile(target) ? area.imports : area.packages, target))
    .map((target) => `${file} imports ${target}, which ${area.name} may not`);
}

function forbiddenProblems(file: string, code: string): string[] {
  return forbidden
    .filter((rule) => rule.files.test(file) && !rule.except?.test(file) && rule.text.test(code))
    .map((rule) => `${file} has ${rule.text.exec(code)?.[0]}: ${rule.why}`);
}

function isProjectFile(target: string): boolean {
  return /^(src|machines|queues|scripts|test)\//.test(target);
}

function importsOf(code: string): string[] {
  const statements = /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"\s]+)['"]/g;
  return [...code.matchAll(statements)].map((match) => match[1] as string);
}

/** A file of the project by its path (`.js` in an import stands for `.ts`), a package or built-in module by its name. */
function resolveImport(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** Every circle once, as the files on it, the first repeated at the end. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file]);
    if (start >= 0 || done.has(file)) return;
    for (const target of graph.get(file) ?? []) if (graph.has(target)) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** Reads the project's own sources below `root`. */
export function readSources(root: string): Sources {
  const sources = new Map<string, string>();
  for (const folder of ['machines', 'queues', 'src']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const path = join(entry.parentPath, entry.name);
      sources.set(posix.relative(root, path), readFileSync(path, 'utf8'));
    }
  }
  return sources;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = importProblems(readSources(dirname(dirname(fileURLToPath(import.meta.url)))));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

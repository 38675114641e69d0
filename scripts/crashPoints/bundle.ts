import { readFile, symlink } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin, transform } from 'esbuild';
import { instrument, mortalFiles } from './boundaries.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Writes FlowMart's web and worker into `folder`, one file each, with a crash point at every await of the {@link mortalFiles}, and
 * answers the points' names. One file, since a process that dies hundreds of times should not read thousands each time.
 */
export async function bundleInto(folder: string): Promise<string[]> {
  const names = new Map<string, readonly string[]>();
  await build({
    absWorkingDir: root,
    entryPoints: { web: 'src/web.ts', worker: 'src/worker.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    // They read files that lie beside them.
    external: ['swagger-ui-dist', '@bull-board/*'],
    // CommonJS packages ask for Node's own modules by it.
    banner: { js: "import * as ofNode from 'node:module'; const require = ofNode.createRequire(import.meta.url);" },
    plugins: [crashPoints(names)],
  });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const strangers = [...mortalFiles].filter((file) => !names.has(file));
  if (strangers.length > 0) throw new Error(`there is no ${strangers.join(', ')}; see boundaries.ts`);
  return [...mortalFiles].flatMap((file) => names.get(file) ?? []);
}

const crashPoints = (names: Map<string, readonly string[]>): Plugin => ({
  name: 'crash points',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const file = relative(root, path);
      if (!mortalFiles.has(file)) return null;
      const { code } = await transform(await readFile(path, 'utf8'), { loader: 'ts', target: 'node20' });
      const instrumented = instrument(code, basename(file, '.ts'));
      names.set(file, instrumented.names);
      return { contents: instrumented.code, loader: 'js' };
    });
  },
});

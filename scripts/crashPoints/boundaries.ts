import { type AnyNode, parse } from 'acorn';

/** The engine, what it sends to Redis, and the workers of calls to the world outside. */
export const mortalFiles: ReadonlySet<string> = new Set([
  ...[
    'accept',
    'claims',
    'clockTime',
    'clocks',
    'culprit',
    'drain',
    'drainClocks',
    'effects',
    'groups',
    'lane',
    'publisher',
    'store',
  ]
    .concat('sweeper', 'timers', 'writes')
    .map((name) => `src/runtime/${name}.ts`),
  'src/db/transaction.ts',
  ...['packets', 'streams'].map((name) => `queues/${name}.ts`),
  ...[
    'agreements',
    'authorization',
    'charge',
    'gateway',
    'health',
    'refund',
    'routes',
    'runs',
    'transactions',
    'webhooks',
  ]
    .concat('providers/stripe', 'providers/stripeAgreements')
    .map((name) => `src/services/gateway/${name}.ts`),
  ...['carrier', 'simulatedCarrier'].map((name) => `src/services/shipping/${name}.ts`),
  'src/services/notifications/delivery.ts',
]);

/** An await: `name` says where it is and what it waits for, such as `drain.run.#work`. */
interface Boundary {
  readonly name: string;
  /** What is awaited, as positions in the source. */
  readonly start: number;
  readonly end: number;
  readonly kind: 'await' | 'each';
}

/**
 * Makes every await of a module (JavaScript) a crash point, see crashAt.mjs. Names follow from the code, so none can be forgotten, and
 * the code that runs for customers knows nothing of them. Pure.
 */
export function instrument(source: string, module: string): { code: string; names: string[] } {
  const boundaries = findBoundaries(source, module);
  const insertions = boundaries.flatMap(({ name, start, end, kind }) => {
    const [open, close] =
      kind === 'each'
        ? [`crashPoint.each('${name}', `, ')']
        : [`crashPoint.after('${name}', (crashPoint.before('${name}'), `, '))'];
    return [
      { at: start, text: open },
      { at: end, text: close },
    ];
  });
  let code = source;
  for (const { at, text } of insertions.sort((a, b) => b.at - a.at)) code = code.slice(0, at) + text + code.slice(at);
  return { code, names: boundaries.map(({ name }) => name) };
}

function findBoundaries(source: string, module: string): Boundary[] {
  const found: Boundary[] = [];
  const times = new Map<string, number>();
  const add = (where: string, awaited: AnyNode, kind: Boundary['kind']) => {
    const name = `${module}.${where}.${wordFor(awaited)}`;
    const time = (times.get(name) ?? 0) + 1;
    times.set(name, time);
    found.push({ name: time > 1 ? `${name}.${time}` : name, start: awaited.start, end: awaited.end, kind });
  };
  const visit = (node: AnyNode, where: string) => {
    if (node.type === 'AwaitExpression') add(where, node.argument, 'await');
    if (node.type === 'ForOfStatement' && node.await) add(where, node.right, 'each');
    const inside = nameOf(node) ?? where;
    for (const child of childrenOf(node)) visit(child, inside);
  };
  visit(parse(source, { ecmaVersion: 'latest', sourceType: 'module' }), 'module');
  return found;
}

const childrenOf = (node: AnyNode): AnyNode[] =>
  Object.values(node)
    .flat()
    .filter((value): value is AnyNode => typeof value?.type === 'string');

/** The name that a function goes by. */
function nameOf(node: AnyNode): string | undefined {
  switch (node.type) {
    case 'FunctionDeclaration':
      return node.id?.name;
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return wordFor(node.key as AnyNode);
    case 'Property':
      return isFunction(node.value) ? wordFor(node.key as AnyNode) : undefined;
    case 'VariableDeclarator':
      return isFunction(node.init) ? wordFor(node.id) : undefined;
    default:
      return undefined;
  }
}

const isFunction = (node: AnyNode | null | undefined): boolean => /Function/.test(node?.type ?? '');

/** A word for an expression: what is called, or what it is called. */
function wordFor(node: AnyNode): string {
  switch (node.type) {
    case 'Identifier':
      return node.name;
    case 'PrivateIdentifier':
      return `#${node.name}`;
    case 'MemberExpression':
      // sql`…`.execute(db): all are called execute.
      return node.object.type === 'TaggedTemplateExpression' ? 'sql' : wordFor(node.property);
    case 'CallExpression':
    case 'ChainExpression':
      return wordFor(node.type === 'CallExpression' ? node.callee : node.expression);
    case 'ConditionalExpression':
      return `${wordFor(node.consequent)}Or${wordFor(node.alternate)}`;
    default:
      return node.type;
  }
}

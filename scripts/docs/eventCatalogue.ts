import { z } from 'zod';
import { messages } from '../../machines/index.js';
import { wires } from '../../queues/routing.js';

interface Property {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Property;
  readonly anyOf?: readonly Property[];
  readonly properties?: Readonly<Record<string, Property>>;
  readonly additionalProperties?: unknown;
}

/** A schema's type in a few words. */
function describe(property: Property): string {
  if (property.const !== undefined) return `\`${String(property.const)}\``;
  if (property.enum) return property.enum.map((value) => `\`${String(value)}\``).join(' \\| ');
  if (property.anyOf) return property.anyOf.map(describe).join(' or ');
  if (property.type === 'array') return `list of ${property.items ? describe(property.items) : 'anything'}`;
  if (property.properties) return `{ ${Object.keys(property.properties).join(', ')} }`;
  if (property.type === 'object') return 'map';
  return property.format ?? String(property.type ?? 'anything');
}

/** Every message with its fields, as Markdown: derived from the zod schemas alone. */
export function eventCatalogue(): string {
  const parts = Object.entries(messages).map(([name, { intent, visibility, version, summary, schema, personal }]) => {
    const json = z.toJSONSchema(schema) as Property & { readonly required?: readonly string[] };
    const wire = wires.get(name);
    const rows = Object.entries(json.properties ?? {}).map(
      ([field, property]) =>
        `| ${field} | ${describe(property)} | ${json.required?.includes(field) ? 'yes' : 'no'}${personal?.includes(field) ? ', but never in the stream' : ''} |`,
    );
    const kind = `${visibility === 'public' ? 'public ' : ''}${intent}, version ${version}${wire?.channel ? `, on \`${wire.channel}\`` : ''}`;
    return [`## ${name}`, '', `${summary} (${kind})`, '', '| Field | Type | Always |', '|---|---|---|', ...rows].join(
      '\n',
    );
  });
  return parts.join('\n\n');
}

import { z } from 'zod';

type Json = Record<string, unknown>;

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Json }>> }>
  >;
}

/** An OpenAPI document as a judge of real answers. */
export interface Contract {
  /** What is wrong with an answer; nothing when the document allows it. A page is its text. */
  problemsWith(method: string, path: string, status: number, body: unknown, type?: string): string[];
  readonly operationIds: readonly string[];
  /** The operation that an address belongs to. */
  operationAt(method: string, path: string): Operation | undefined;
}

/** Reads an OpenAPI document; its schemas are taken as they stand there, as JSON Schema. */
export function openDocument(document: Json): Contract {
  const paths = document.paths as Record<string, Record<string, Operation>>;
  const text = (value: unknown) => JSON.stringify(value).replaceAll('#/components/schemas/', '#/$defs/');
  const $defs = JSON.parse(text((document.components as Json).schemas));
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method,
      // Literal segments first: /inventory/products is no inventory id.
      literal: path.split('/').filter((part) => !part.startsWith('{')).length,
      pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
      operation,
    })),
  );
  operations.sort((a, b) => b.literal - a.literal);
  const operationAt = (method: string, path: string) =>
    operations.find((one) => one.method === method && one.pattern.test(path))?.operation;
  const schemas = new Map<object, z.ZodType>();
  const schemaOf = (schema: Json): z.ZodType => {
    const known = schemas.get(schema) ?? z.fromJSONSchema({ ...JSON.parse(text(schema)), $defs });
    schemas.set(schema, known);
    return known;
  };
  return {
    operationIds: operations.map(({ operation }) => operation.operationId),
    operationAt,
    problemsWith(method, path, status, body, type = '') {
      const operation = operationAt(method, path);
      if (!operation) return [`no such operation: ${method} ${path}`];
      const response = operation.responses[status];
      if (!response) return [`${operation.operationId} answers no ${status}`];
      const [first] = Object.values(response.content ?? {});
      const content = response.content?.[type] ?? first;
      if (!content) return [];
      const result = schemaOf(content.schema).safeParse(body);
      return (result.error?.issues ?? []).map(
        (issue) => `${operation.operationId} ${status}: ${issue.path.join('.')} ${issue.message}`,
      );
    },
  };
}

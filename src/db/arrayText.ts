/** What PostgreSQL takes for itself in an array without quotes: our ids, numbers, instants and names. */
const isPlain = /^[\w.:+/-]+$/;

/**
 * An array as PostgreSQL writes it. The driver quotes and escapes every element; most of ours need neither, and quotes cost both sides. Null
 * when an element is none of text, number, truth value or null: the driver knows about those.
 */
export function arrayText(values: readonly unknown[]): string | null {
  const texts: string[] = [];
  for (const value of values) {
    const text = elementText(value);
    if (text === null) return null;
    texts.push(text);
  }
  return `{${texts.join(',')}}`;
}

function elementText(value: unknown): string | null {
  if (typeof value === 'string') {
    if (isPlain.test(value) && value.toUpperCase() !== 'NULL') return value;
    return `"${value.replace(/[\\"]/g, '\\$&')}"`;
  }
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'object' ? null : String(value);
}

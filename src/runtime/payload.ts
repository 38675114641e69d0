const texts = new WeakMap<object, string>();

/** A payload as JSON text; worked out once, however many receivers, journals and logs it is written to. */
export function textOf(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null) return JSON.stringify(payload);
  let text = texts.get(payload);
  if (text === undefined) {
    text = JSON.stringify(payload);
    texts.set(payload, text);
  }
  return text;
}

/** Reads a payload from the text it was stored as, and remembers the text for where it is written next. */
export function payloadOf(text: string): unknown {
  const payload: unknown = JSON.parse(text);
  if (typeof payload === 'object' && payload !== null) texts.set(payload, text);
  return payload;
}

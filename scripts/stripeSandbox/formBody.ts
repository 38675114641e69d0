/** A value of a form-encoded body after its bracketed names have been unfolded. */
export type FormValue = string | FormValue[] | Form;
export type Form = { [key: string]: FormValue };

const maxDepth = 6;

/** Parses Stripe's form encoding, in which `metadata[orderId]=1` and `expand[0]=x` (or `expand[]=x`) stand for nested values. */
export function parseForm(raw: string): Form {
  const form: Form = Object.create(null) as Form;
  if (raw === '') return form;
  for (const pair of raw.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    place(form, pathOf(name), equals === -1 ? '' : decode(pair.slice(equals + 1)));
  }
  return arraysWhereIndexed(form);
}

/** The same parameters in any order give the same text: what an idempotency key is compared by. */
export function canonicalForm(raw: string): string {
  return raw.split('&').sort().join('&');
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** `a[b][c]` → `a`, `b`, `c`. */
function pathOf(name: string): string[] {
  const open = name.indexOf('[');
  if (open < 1 || !name.endsWith(']')) return [name];
  return [name.slice(0, open), ...name.slice(open + 1, -1).split('][')].slice(0, maxDepth);
}

function place(form: Form, path: string[], value: string): void {
  let node = form;
  for (const [depth, segment] of path.entries()) {
    const key = segment === '' ? String(Object.keys(node).length) : segment;
    if (depth === path.length - 1) {
      node[key] = value;
      return;
    }
    let next = node[key];
    if (typeof next !== 'object' || Array.isArray(next)) {
      next = Object.create(null) as Form;
      node[key] = next;
    }
    node = next;
  }
}

function arraysWhereIndexed(form: Form): Form {
  for (const key in form) {
    const value = form[key];
    if (typeof value !== 'object' || Array.isArray(value)) continue;
    const keys = Object.keys(value);
    form[key] = keys.every((name, index) => name === String(index)) ? keys.map((name) => value[name] ?? '') : value;
  }
  return form;
}

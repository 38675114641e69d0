import type { Form, FormValue } from './formBody.js';
import { invalidRequest } from './stripeError.js';

/** Reads and checks the parameters of one request; every method throws Stripe's error for what is wrong. */
export class Params {
  readonly #form: Form;

  constructor(form: Form) {
    this.#form = form;
  }

  /** Refuses parameters that the endpoint does not have, as Stripe does. */
  only(...allowed: string[]): void {
    for (const name of Object.keys(this.#form)) {
      if (!allowed.includes(name))
        throw invalidRequest(`Received unknown parameter: ${name}`, name, 'parameter_unknown');
    }
  }

  string(name: string): string | null {
    const value = this.#form[name];
    if (value === undefined || value === '') return null;
    if (typeof value !== 'string') throw invalidRequest(`Invalid string: ${name}`, name);
    return value;
  }

  required(name: string): string {
    const value = this.string(name);
    if (value === null) throw invalidRequest(`Missing required param: ${name}.`, name, 'parameter_missing');
    return value;
  }

  integer(name: string): number | null {
    const value = this.string(name);
    if (value === null) return null;
    if (!/^-?\d{1,12}$/.test(value))
      throw invalidRequest(`Invalid integer: ${value}`, name, 'parameter_invalid_integer');
    return Number(value);
  }

  boolean(name: string): boolean {
    const value = this.string(name);
    if (value !== null && value !== 'true' && value !== 'false')
      throw invalidRequest(`Invalid boolean: ${value}`, name);
    return value === 'true';
  }

  oneOf<const T extends string>(name: string, ...allowed: T[]): T | null {
    const value = this.string(name);
    const found = allowed.find((option) => option === value);
    if (value !== null && !found) {
      throw invalidRequest(`Invalid ${name}: must be one of ${allowed.join(', ')}`, name);
    }
    return found ?? null;
  }

  /** A nested parameter such as `created[gte]`, or null. */
  group(name: string): Params | null {
    const value = this.#form[name];
    return isForm(value) ? new Params(value) : null;
  }

  list(name: string): string[] {
    const value = this.#form[name];
    if (value === undefined) return [];
    return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
  }

  /** Metadata within Stripe's limits: 50 keys of 40 characters, values of 500. */
  metadata(): Record<string, string> {
    const value = this.#form.metadata;
    if (value === undefined || value === '') return {};
    if (!isForm(value)) throw invalidRequest('Invalid object', 'metadata');
    const pairs = Object.entries(value);
    if (pairs.length > 50) throw invalidRequest('Metadata can have at most 50 keys.', 'metadata');
    for (const [key, text] of pairs) {
      if (key.length > 40)
        throw invalidRequest(`Metadata keys can be at most 40 characters: ${key}`, `metadata[${key}]`);
      if (typeof text !== 'string' || text.length > 500) {
        throw invalidRequest('Metadata values can be at most 500 characters.', `metadata[${key}]`);
      }
    }
    // A copy of its own: substrings would keep the whole request body in memory for as long as the intent lives.
    return JSON.parse(JSON.stringify(value)) as Record<string, string>;
  }
}

const isForm = (value: FormValue | undefined): value is Form => typeof value === 'object' && !Array.isArray(value);

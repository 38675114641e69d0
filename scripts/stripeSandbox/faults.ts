import { z } from 'zod';
import { seededRandom } from '../dev/seededRandom.js';

const faultKinds = [
  /** The charge happens, the answer does not come. */
  'timeout_after_success',
  /** Nothing happens, and no answer comes. */
  'timeout_before',
  /** Nothing happens; the key keeps the 500. */
  'error_500',
  /** The charge happens, but the answer, now and under this key for ever, is a 500. */
  'error_500_after_success',
  'rate_limit_429',
  /** The connection is cut before anything happens. */
  'cut_connection',
  /** The charge happens, then the connection is cut. */
  'cut_connection_after_success',
  /** Everything happens, `ms` late. */
  'latency',
  /** The card, whatever it is, is refused this time for lack of funds. */
  'insufficient_funds',
] as const;

/** A fault to inject, as POST /_sandbox/faults takes it. Without `times` it stays until it is removed. */
export const faultRule = z
  .strictObject({
    match: z
      .strictObject({
        method: z.enum(['GET', 'POST', 'DELETE']).optional(),
        // A path of the API, `*` standing for any part of it.
        path: z.string().optional(),
        paymentMethod: z.string().optional(),
        metadata: z.record(z.string(), z.string()).optional(),
        times: z.int().min(1).optional(),
        probability: z.number().min(0).max(1).optional(),
        seed: z.int().optional(),
      })
      .default({}),
    fault: z.enum(faultKinds).optional(),
    /** How long to hold the answer: for `latency`, and for the timeouts before the connection is cut. */
    ms: z.int().min(0).max(600_000).optional(),
    /** What becomes of the webhooks of the request; `late` ones come `ms` after the answer (5,000 when not given). */
    webhook: z.enum(['before', 'twice', 'late', 'none']).optional(),
  })
  .refine((rule) => rule.fault !== undefined || rule.webhook !== undefined, 'needs a fault, a webhook, or both');
export type FaultRule = z.input<typeof faultRule>;
type ParsedRule = z.output<typeof faultRule>;

/** What a fault rule may look at. */
export interface FaultTarget {
  method: string;
  path: string;
  paymentMethod: string | null;
  metadata: Readonly<Record<string, string>>;
}

interface ArmedRule {
  id: string;
  rule: ParsedRule;
  left: number;
  hits: number;
  pathPattern: RegExp | null;
  random: () => number;
}

/** The faults that are armed; the first rule that matches a request decides, and is used up by one. */
export class Faults {
  #rules: ArmedRule[] = [];
  #nextId = 1;

  /** Arms a rule and returns its id. Throws a ZodError when the rule makes no sense. */
  add(input: FaultRule): string {
    const rule = faultRule.parse(input);
    const id = `fault_${this.#nextId}`;
    this.#nextId += 1;
    this.#rules.push({
      id,
      rule,
      left: rule.match.times ?? Number.POSITIVE_INFINITY,
      hits: 0,
      pathPattern: rule.match.path === undefined ? null : globToPattern(rule.match.path),
      random: seededRandom(rule.match.seed ?? 1),
    });
    return id;
  }

  /** The rule that this request meets, or null. */
  take(target: FaultTarget): ParsedRule | null {
    for (const armed of this.#rules) {
      if (armed.left <= 0 || !meets(armed, target)) continue;
      const { probability } = armed.rule.match;
      if (probability !== undefined && armed.random() >= probability) continue;
      armed.left -= 1;
      armed.hits += 1;
      return armed.rule;
    }
    return null;
  }

  list(): object[] {
    return this.#rules.map(({ id, rule, left, hits }) => ({
      id,
      ...rule,
      hits,
      left: Number.isFinite(left) ? left : null,
    }));
  }

  get armed(): boolean {
    return this.#rules.length > 0;
  }

  clear(): void {
    this.#rules = [];
  }
}

function meets({ rule: { match }, pathPattern }: ArmedRule, target: FaultTarget): boolean {
  if (match.method !== undefined && match.method !== target.method) return false;
  if (pathPattern !== null && !pathPattern.test(target.path)) return false;
  if (match.paymentMethod !== undefined && match.paymentMethod !== target.paymentMethod) return false;
  return Object.entries(match.metadata ?? {}).every(([key, value]) => target.metadata[key] === value);
}

function globToPattern(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

import type { FaultRule } from '../stripeSandbox/faults.js';
import { between, pick } from './deck.js';
import { type DynoName, dynoNames, type ServerName, serverNames } from './stage.js';

type ProcessName = DynoName | 'gateway';

/** What the gateway does to requests and webhooks while its fault lasts. */
export type GatewayTrouble = Pick<FaultRule, 'fault' | 'webhook' | 'ms'>;

/** Everything that can go wrong, with how. `ms` is how long it lasts. */
export type Fault =
  | { readonly kind: 'processKill'; readonly targets: readonly ProcessName[] }
  | { readonly kind: 'processFreeze'; readonly target: ProcessName | 'redis' | 'postgres'; readonly ms: number }
  | { readonly kind: 'clockShift'; readonly target: DynoName; readonly offMs: number; readonly ms: number }
  | { readonly kind: 'redisKill'; readonly data: 'kept' | 'lost' }
  | { readonly kind: 'redisFlush' }
  | { readonly kind: 'redisSqueeze'; readonly ms: number }
  | { readonly kind: 'postgresRestart' }
  | { readonly kind: 'backendsKill'; readonly share: number }
  | { readonly kind: 'blackhole'; readonly at: readonly DynoName[]; readonly to: ServerName; readonly ms: number }
  | {
      readonly kind: 'delay';
      readonly at: readonly DynoName[];
      readonly to: ServerName;
      readonly byMs: number;
      readonly ms: number;
    }
  | { readonly kind: 'cut'; readonly at: readonly DynoName[]; readonly to: ServerName }
  | {
      readonly kind: 'gatewayTrouble';
      readonly trouble: GatewayTrouble;
      readonly probability: number;
      readonly seed: number;
      readonly ms: number;
    };

export type FaultKind = Fault['kind'];

/** Out of a hundred faults, how many are of each kind. */
export const shares = {
  processKill: 40,
  postgresRestart: 9,
  gatewayTrouble: 10,
  processFreeze: 8,
  blackhole: 6,
  redisKill: 5,
  cut: 5,
  backendsKill: 5,
  redisFlush: 3,
  redisSqueeze: 3,
  delay: 3,
  clockShift: 3,
} as const satisfies Record<FaultKind, number>;

/** Longer than every lock and lease of FlowMart: BullMQ's locks last 10 s. */
const frozenMs = [11_000, 14_000] as const;

const troubles: readonly GatewayTrouble[] = [
  { fault: 'timeout_after_success', ms: 6_000 },
  { fault: 'timeout_before', ms: 6_000 },
  { fault: 'error_500' },
  { fault: 'error_500_after_success' },
  { fault: 'rate_limit_429' },
  { fault: 'cut_connection' },
  { fault: 'cut_connection_after_success' },
  { fault: 'latency', ms: 1_500 },
  { webhook: 'twice' },
  { webhook: 'late', ms: 5_000 },
  { webhook: 'before' },
  { webhook: 'none' },
];

type Random = () => number;

/** One process's wires, or everybody's. */
const wires = (random: Random): readonly DynoName[] => (random() < 0.3 ? dynoNames : [pick(dynoNames, random)]);

const draws: { readonly [K in FaultKind]: (random: Random) => Extract<Fault, { kind: K }> } = {
  processKill: (random) => {
    const left: ProcessName[] = [...dynoNames, 'gateway'];
    const count = pick([1, 2, 2, 3], random);
    const targets = Array.from({ length: count }, () => left.splice(between(0, left.length - 1, random), 1)[0]);
    return { kind: 'processKill', targets: targets as ProcessName[] };
  },
  processFreeze: (random) => ({
    kind: 'processFreeze',
    target: pick([...dynoNames, ...dynoNames, 'gateway', 'redis', 'postgres'] as const, random),
    ms: between(...frozenMs, random),
  }),
  clockShift: (random) => ({
    kind: 'clockShift',
    target: pick(dynoNames, random),
    offMs: (random() < 0.5 ? -1 : 1) * between(60_000, 300_000, random),
    ms: between(5_000, 15_000, random),
  }),
  redisKill: (random) => ({ kind: 'redisKill', data: random() < 0.5 ? 'lost' : 'kept' }),
  redisFlush: () => ({ kind: 'redisFlush' }),
  redisSqueeze: (random) => ({ kind: 'redisSqueeze', ms: between(1_000, 4_000, random) }),
  postgresRestart: () => ({ kind: 'postgresRestart' }),
  backendsKill: (random) => ({ kind: 'backendsKill', share: pick([0.2, 0.5, 1], random) }),
  blackhole: (random) => ({
    kind: 'blackhole',
    at: wires(random),
    to: pick(serverNames, random),
    ms: between(2_000, 8_000, random),
  }),
  delay: (random) => ({
    kind: 'delay',
    at: wires(random),
    to: pick(serverNames, random),
    byMs: between(50, 500, random),
    ms: between(2_000, 6_000, random),
  }),
  cut: (random) => ({ kind: 'cut', at: wires(random), to: pick(serverNames, random) }),
  gatewayTrouble: (random) => ({
    kind: 'gatewayTrouble',
    trouble: pick(troubles, random),
    probability: pick([0.2, 0.5, 1], random),
    seed: between(1, 1_000_000, random),
    ms: between(2_000, 6_000, random),
  }),
};

/** A fault of a kind, with how. */
export const drawFault = (kind: FaultKind, random: Random): Fault => draws[kind](random);

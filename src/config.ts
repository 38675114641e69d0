import { z } from 'zod';

/** The key and the webhook secret of the local Stripe sandbox: good for nothing else, so they may be known. */
export const sandboxStripeKey = 'sk_test_flowmart_sandbox';
export const sandboxStripeWebhookSecret = 'whsec_flowmart_sandbox';

/** Says, one line per variable, what is wrong with the environment; never repeats a secret. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max));

const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).hostname !== '',
    );

const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

interface Variable<S extends z.ZodType> {
  schema: S;
  wants: string;
  secret?: boolean;
}

/** Every variable FlowMart reads. `.env.example` documents each of them (a test compares the two). */
export const variables = {
  NODE_ENV: {
    schema: z.enum(['development', 'test', 'production']).default('development'),
    wants: 'development, test or production',
  },
  LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    wants: 'fatal, error, warn, info, debug, trace or silent',
  },
  PORT: { schema: integer(0, 65535).default(3000), wants: 'a port, an integer from 0 (any free one) to 65535' },
  HOST: { schema: z.string().optional(), wants: 'an address to listen on' },
  DATABASE_URL: {
    schema: url('postgres:', 'postgresql:'),
    wants: 'a PostgreSQL URL such as postgres://user:password@localhost:5432/flowmart',
  },
  REDIS_URL: { schema: url('redis:', 'rediss:'), wants: 'a Redis URL such as redis://localhost:6379' },
  DATABASE_POOL_SIZE: { schema: integer(2, 500).default(8), wants: 'an integer from 2 to 500' },
  WORKER_CONCURRENCY: { schema: integer(1, 1000).default(32), wants: 'an integer from 1 to 1000' },
  WORKER_ROLES: { schema: commaList.default([]), wants: 'service names separated by commas' },
  EFFECT_CONCURRENCY: { schema: integer(1, 10_000).default(256), wants: 'an integer from 1 to 10000' },
  BACKLOG_LIMIT: { schema: integer(1, 100_000_000).default(50_000), wants: 'an integer from 1 to 100000000' },
  PACKET_SIZE: { schema: integer(1, 10_000).default(100), wants: 'an integer from 1 to 10000' },
  BATCH_SIZE: { schema: integer(1, 10_000).default(200), wants: 'an integer from 1 to 10000' },
  SWEEP_INTERVAL_MS: { schema: integer(10, 3_600_000).default(1000), wants: 'milliseconds, from 10 to 3600000' },
  WAKE_AFTER_MS: { schema: integer(10, 3_600_000).default(3000), wants: 'milliseconds, from 10 to 3600000' },
  SHUTDOWN_TIMEOUT_MS: { schema: integer(100, 600_000).default(20_000), wants: 'milliseconds, from 100 to 600000' },
  STRIPE_API_KEY: {
    schema: z
      .string()
      .regex(/^(sk|rk)_(test|live)_\w+$/)
      .optional(),
    wants: 'a secret key of Stripe (sk_test_…, sk_live_… or rk_…)',
    secret: true,
  },
  STRIPE_WEBHOOK_SECRET: {
    schema: z
      .string()
      .regex(/^whsec_\S+$/)
      .optional(),
    wants: 'the signing secret of the webhook endpoint (whsec_…)',
    secret: true,
  },
  STRIPE_API_BASE: {
    schema: url('http:', 'https:').optional(),
    wants: 'an http(s) URL such as http://127.0.0.1:4242, or nothing for Stripe itself',
  },
  SMTP_URL: {
    schema: url('smtp:', 'smtps:').optional(),
    wants: 'an SMTP URL such as smtp://user:password@mail.example.com:587, or nothing to keep mail in the database',
  },
  MAIL_FROM: {
    schema: z.string().regex(/@/).default('FlowMart <orders@flowmart.example>'),
    wants: 'a sender such as FlowMart <orders@flowmart.example>',
  },
  TEST_CLOCKS: { schema: z.enum(['on', 'off']).default('off'), wants: 'on or off' },
  ADMIN_PASSWORD: {
    schema: z.string().min(8).optional(),
    wants: 'at least 8 characters, or nothing to keep /admin/queues off',
    secret: true,
  },
} as const satisfies Record<string, Variable<z.ZodType>>;

type Name = keyof typeof variables;
type Values = { [N in Name]: z.output<(typeof variables)[N]['schema']> };

/**
 * Reads and checks the environment; an empty variable counts as one that is not set.
 * @throws ConfigError naming every variable that is wrong, what it holds and what it should hold.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env) {
  const problems: string[] = [];
  const values = Object.fromEntries(
    Object.entries(variables).map(([name, variable]: [string, Variable<z.ZodType>]) => {
      const text = env[name] === '' ? undefined : env[name];
      const result = variable.schema.safeParse(text);
      if (!result.success) problems.push(describeProblem(name, variable, text));
      return [name, result.data];
    }),
  ) as Values;
  problems.push(...crossProblems(values, env));
  if (problems.length > 0) throw new ConfigError(problems);

  const production = values.NODE_ENV === 'production';
  return Object.freeze({
    nodeEnv: values.NODE_ENV,
    logLevel: values.LOG_LEVEL,
    port: values.PORT,
    // A developer's machine answers itself only; a dyno answers its router.
    host: values.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL,
    /** Connections to PostgreSQL per process. */
    databasePoolSize: values.DATABASE_POOL_SIZE,
    /** Packets that a worker process handles at once, per queue. */
    workerConcurrency: values.WORKER_CONCURRENCY,
    /** Services that a worker process serves; empty means all. */
    workerRoles: Object.freeze(values.WORKER_ROLES),
    /** Calls to other systems that a worker process has under way at once. */
    effectConcurrency: values.EFFECT_CONCURRENCY,
    /** Waiting messages above which HTTP answers 429. */
    backlogLimit: values.BACKLOG_LIMIT,
    /** Messages in one BullMQ job. */
    packetSize: values.PACKET_SIZE,
    /** Messages in one drain, that is, in one transaction. */
    batchSize: values.BATCH_SIZE,
    sweepIntervalMs: values.SWEEP_INTERVAL_MS,
    /** How long a message may wait before the sweeper wakes its actor again, milliseconds. */
    wakeAfterMs: values.WAKE_AFTER_MS,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    stripeApiKey: values.STRIPE_API_KEY ?? sandboxStripeKey,
    stripeWebhookSecret: values.STRIPE_WEBHOOK_SECRET ?? sandboxStripeWebhookSecret,
    /** Where Stripe's API is when it is not at Stripe: the local sandbox. */
    stripeApiBase: values.STRIPE_API_BASE,
    smtpUrl: values.SMTP_URL,
    mailFrom: values.MAIL_FROM,
    /** Whether customers may live by clocks that a request moves. */
    testClocks: values.TEST_CLOCKS === 'on',
    /** Opens /admin/queues; without it those pages are off. */
    adminPassword: values.ADMIN_PASSWORD,
  });
}

export type Config = ReturnType<typeof loadConfig>;

function describeProblem(name: string, variable: Variable<z.ZodType>, text: string | undefined): string {
  if (text === undefined) return `${name} is not set; it wants ${variable.wants}.`;
  return `${name} is ${variable.secret ? 'set to something else (not shown)' : JSON.stringify(hidePassword(text))}; it wants ${variable.wants}.`;
}

/** A URL carries its password before the last `@`. */
function hidePassword(text: string): string {
  return text.includes('://') || text.includes(':') ? text.replace(/^.*@/s, '***@') : text;
}

function crossProblems(values: Values, env: NodeJS.ProcessEnv): string[] {
  const problems: string[] = [];
  if (values.NODE_ENV === 'production') {
    // The sandbox's values are public: with them anyone could sign a webhook. Fine only where the sandbox itself is used.
    const sandboxValues: Record<string, string> = {
      STRIPE_API_KEY: sandboxStripeKey,
      STRIPE_WEBHOOK_SECRET: sandboxStripeWebhookSecret,
    };
    for (const [name, sandboxValue] of Object.entries(sandboxValues)) {
      const wants = `in production it wants ${variables[name as 'STRIPE_API_KEY'].wants}.`;
      if (!env[name]) problems.push(`${name} is not set; ${wants}`);
      else if (env[name] === sandboxValue && !env.STRIPE_API_BASE)
        problems.push(`${name} is that of the local sandbox; ${wants}`);
    }
  }
  return problems;
}

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { expect } from 'chai';
import { ConfigError, loadConfig, variables } from '../../src/config.js';

const urls = { DATABASE_URL: 'postgres://localhost:5432/flowmart', REDIS_URL: 'redis://localhost:6379' };

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  return [];
}

describe('configuration', () => {
  it('needs the two servers and has a default for everything else', () => {
    const config = loadConfig(urls);
    expect(config).to.include({
      nodeEnv: 'development',
      port: 3000,
      host: '127.0.0.1',
      workerConcurrency: 32,
      backlogLimit: 50_000,
      packetSize: 100,
      batchSize: 200,
      effectConcurrency: 256,
      stripeApiKey: 'sk_test_flowmart_sandbox',
      shutdownTimeoutMs: 20_000,
    });
    expect(config.workerRoles).to.deep.equal([]);
    expect(config).to.be.frozen;
  });

  it('names each variable that is missing', () => {
    expect(problemsOf({})).to.deep.equal([
      'DATABASE_URL is not set; it wants a PostgreSQL URL such as postgres://user:password@localhost:5432/flowmart.',
      'REDIS_URL is not set; it wants a Redis URL such as redis://localhost:6379.',
    ]);
  });

  it('says for each wrong variable what it holds and what it wants, one line each', () => {
    const problems = problemsOf({
      ...urls,
      PORT: 'http',
      WORKER_CONCURRENCY: '0',
      LOG_LEVEL: 'loud',
    });
    expect(problems).to.have.members([
      'PORT is "http"; it wants a port, an integer from 0 (any free one) to 65535.',
      'WORKER_CONCURRENCY is "0"; it wants an integer from 1 to 1000.',
      'LOG_LEVEL is "loud"; it wants fatal, error, warn, info, debug, trace or silent.',
    ]);
  });

  for (const [name, text] of [
    ['DATABASE_URL', 'mysql://shop:hunter22@localhost/flowmart'],
    ['REDIS_URL', 'redis:shop:hunter22@localhost'],
    ['STRIPE_API_KEY', 'hunter22'],
    ['STRIPE_WEBHOOK_SECRET', 'hunter22'],
    ['SMTP_URL', 'mail:hunter22@localhost:587'],
    ['ADMIN_PASSWORD', 'hunter2'],
  ] as const) {
    it(`keeps a wrong ${name} out of the message`, () => {
      const problems = problemsOf({ ...urls, [name]: text });
      expect(problems).to.have.lengthOf(1);
      expect(problems[0])
        .to.match(new RegExp(`^${name} is `))
        .and.not.contain('hunter2');
    });
  }

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ ...urls, PORT: '', SMTP_URL: '', WORKER_ROLES: '' })).to.include({
      port: 3000,
      smtpUrl: undefined,
    });
  });

  it('reads roles as a list', () => {
    expect(loadConfig({ ...urls, WORKER_ROLES: 'orders, payment,' }).workerRoles).to.deep.equal(['orders', 'payment']);
  });

  describe('in production', () => {
    const stripe = { STRIPE_API_KEY: 'sk_live_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' };
    const production = { ...urls, NODE_ENV: 'production' };

    it('listens on every address', () => {
      expect(loadConfig({ ...production, ...stripe }).host).to.equal('0.0.0.0');
    });

    it('has no default for secrets', () => {
      expect(problemsOf(production).map((problem) => problem.split(' ')[0])).to.deep.equal([
        'STRIPE_API_KEY',
        'STRIPE_WEBHOOK_SECRET',
      ]);
    });

    it('refuses the public secrets of the sandbox unless it talks to the sandbox', () => {
      const sandbox = { STRIPE_API_KEY: 'sk_test_flowmart_sandbox', STRIPE_WEBHOOK_SECRET: 'whsec_flowmart_sandbox' };
      expect(problemsOf({ ...production, ...sandbox })).to.have.lengthOf(2);
      expect(problemsOf({ ...production, ...sandbox, STRIPE_API_BASE: 'http://127.0.0.1:4242' })).to.be.empty;
    });
  });

  describe('.env.example', () => {
    const example = parseEnv(readFileSync('.env.example', 'utf8'));

    it('names exactly the variables that are read', () => {
      expect(Object.keys(example).sort()).to.deep.equal(Object.keys(variables).sort());
    });

    it('shows the defaults', () => {
      expect(loadConfig({ ...example, ...urls })).to.deep.equal(loadConfig(urls));
    });
  });
});

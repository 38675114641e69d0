import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { freePort } from '../../../scripts/dev/freePort.js';
import { checkPostgres, checkRedis } from '../../../scripts/dev/givenServers.js';
import { requireFreePort } from '../../../scripts/dev/requireFreePort.js';
import { UserError } from '../../../scripts/dev/userError.js';
import { testDatabase, testRedis } from '../../support/servers.js';

/** The one line that a person gets. */
async function complaintOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(UserError);
  const { message } = error as UserError;
  expect(message).to.not.contain('\n').and.not.contain('hunter2');
  return message;
}

describe('npm start says in one line what is wrong', () => {
  describe('with the port', () => {
    let server: Server;
    let port: number;

    before(async () => {
      port = await freePort();
      server = createServer();
      await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
    });

    after(() => new Promise((closed) => server.close(closed)));

    it('who has it, and which one is free', async () => {
      const complaint = await complaintOf(requireFreePort(port, '127.0.0.1'));
      expect(complaint).to.match(
        new RegExp(`^Port ${port} is taken by .+\\. Stop that, or take another port: PORT=\\d+ npm start$`),
      );
      if (process.platform === 'linux') expect(complaint).to.contain(`(pid ${process.pid})`);
    });

    it('nothing when it is free, or when any will do', async () => {
      await requireFreePort(await freePort(), '127.0.0.1');
      await requireFreePort(0, '127.0.0.1');
    });
  });

  describe('with DATABASE_URL', () => {
    it('nothing listens there', async () => {
      const url = `postgres://shop:hunter2@127.0.0.1:${await freePort()}/flowmart`;
      expect(await complaintOf(checkPostgres(url))).to.match(
        /^DATABASE_URL: nothing listens at 127\.0\.0\.1:\d+\. Start PostgreSQL there, or mend the URL\. Or unset DATABASE_URL/,
      );
    });

    it('the user, or the database, is not known there', async () => {
      const database = await testDatabase();
      try {
        expect(await checkPostgres(database.url)).to.match(/^\d+/);
        const wrongUser = new URL(database.url);
        wrongUser.username = 'nobody';
        wrongUser.password = 'hunter2';
        expect(await complaintOf(checkPostgres(wrongUser.href))).to.contain('does not let the user nobody in');
        const wrongName = new URL(database.url);
        wrongName.pathname = '/nowhere';
        expect(await complaintOf(checkPostgres(wrongName.href))).to.contain(
          'has no database nowhere. Make it: createdb -h',
        );
      } finally {
        await database.drop();
      }
    });
  });

  describe('with REDIS_URL', () => {
    it('nothing listens there', async () => {
      expect(await complaintOf(checkRedis(`redis://:hunter2@127.0.0.1:${await freePort()}`))).to.match(
        /^REDIS_URL: nothing listens at 127\.0\.0\.1:\d+\. Start Redis there, or mend the URL\. Or unset REDIS_URL/,
      );
    });

    it('it does not let us in', async () => {
      const redis = await testRedis();
      try {
        expect(await checkRedis(redis.url)).to.match(/^\d+\./);
        const wrong = redis.url.replace('redis://', 'redis://shop:hunter2@');
        expect(await complaintOf(checkRedis(wrong))).to.contain('does not let us in');
      } finally {
        await redis.drop();
      }
    });
  });
});

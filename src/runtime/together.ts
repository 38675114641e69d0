import type { QueryResult, RawBuilder } from 'kysely';
import type { Trx } from './ports.js';

/** Runs one statement of a transaction. */
export type Run = <Row>(statement: RawBuilder<Row>) => Promise<QueryResult<Row>>;

/** Runs statements one by one. */
export const runOn =
  (trx: Trx): Run =>
  (statement) =>
    statement.execute(trx);

/**
 * Does several things in a transaction whose statements do not wait for each other's answers: they are sent at once (the driver's
 * pipeline mode, see connect.ts), and PostgreSQL does them in the order in which `work` begins them.
 * @throws the first error; PostgreSQL refuses what comes after it, as always in a transaction
 */
export const together = <Result>(trx: Trx, work: (run: Run) => Promise<Result>): Promise<Result> =>
  trx
    .getExecutor()
    .provideConnection((connection) => work((statement) => connection.executeQuery(statement.compile(trx))));

import { CompiledQuery, type DatabaseConnection, Kysely, PostgresDialect } from 'kysely';
import type { Database } from './tables.js';

/** What a Kysely wants to have besides its executor; a transaction has its connection already. */
const dialect = new PostgresDialect({ pool: () => Promise.reject(new Error('a transaction opens no connection')) });
const parts = { config: { dialect }, dialect, driver: dialect.createDriver() };

/**
 * Does work in a transaction that sends each statement as soon as it is asked (the driver's pipeline mode, see connect.ts): those that do not
 * wait for each other's answers go together, and PostgreSQL does them in the order in which they were asked. BEGIN goes with the first of them,
 * so ask before you write.
 * @throws the first error; nothing is stored then, and what is asked afterwards is refused
 */
export function transaction<Result>(
  db: Kysely<Database>,
  work: (trx: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  const executor = db.getExecutor();
  return executor.provideConnection(async (given) => {
    let isOver = false;
    // PostgreSQL refuses whatever is on its way behind a statement that failed, and who hears first depends on who listens from how far.
    let failure: { readonly error: unknown } | null = null;
    const connection: DatabaseConnection = {
      executeQuery: (query) =>
        given.executeQuery<never>(query).catch((error: unknown) => {
          failure ??= { error };
          throw error;
        }),
      streamQuery: given.streamQuery.bind(given),
    };
    const run = (statement: string) => connection.executeQuery(CompiledQuery.raw(statement));
    const begun = run('begin');
    // Without it each statement would be a transaction of its own.
    begun.catch(() => {
      isOver = true;
    });
    const provideConnection = <T>(use: (own: typeof connection) => Promise<T>): Promise<T> =>
      isOver ? Promise.reject(new Error('the transaction is over')) : use(connection);
    const trx = new Kysely<Database>({ ...parts, executor: executor.withConnectionProvider({ provideConnection }) });
    try {
      const result = await work(trx);
      await begun;
      // COMMIT would be answered with a rollback, which is no error.
      throwFirst(failure);
      isOver = true;
      await run('commit');
      return result;
    } catch (error) {
      isOver = true;
      // Where the connection is lost, so is the transaction.
      const first = failure;
      await run('rollback').catch(() => undefined);
      await begun;
      if (isRefusal(error)) throwFirst(first);
      throw error;
    }
  });
}

/** Whether a statement was refused only because one before it had failed. */
const isRefusal = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === '25P02';

function throwFirst(failure: { readonly error: unknown } | null): void {
  if (failure) throw failure.error;
}

import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../../src/db/tables.js';
import { listDeadLetters, redrive } from '../../src/runtime/deadLetters.js';
import { isContention } from '../../src/runtime/outage.js';

/** Movements of so many units throw for as long as the traps are set. */
export const poisonousQuantity = 13;
/** The source of messages that no actor has sent. */
export const storySource = '/stories';
const trapped = 'caught in a trap';

/**
 * Makes the database refuse some of what services write, so that drains, claims and settlements fail for reasons of their own: of what is
 * written about charges every third way and every tenth answer, some answers again and again; every tenth label, which is looked up then before
 * it is asked for again; and every movement of stock of {@link poisonousQuantity} units. Another twentieth of the answers meets a database that
 * seems to shut down.
 */
export async function setTraps(db: Kysely<Database>): Promise<void> {
  await sql`create function trap() returns trigger language plpgsql as $$
    begin raise exception '${sql.raw(trapped)}'; end $$`.execute(db);
  await sql`create function shutting_down() returns trigger language plpgsql as $$
    begin raise exception 'shutting down' using errcode = 'admin_shutdown'; end $$`.execute(db);
  await sql`create trigger trap before insert on payments.transactions for each row
    when (random() < case when hashtext(new.idempotency_key) % 8 = 0 then 0.7 else 0.02 end) execute function trap()`.execute(
    db,
  );
  await sql`create trigger trap before insert on payments.charge_routes for each row
    when (random() < 0.3) execute function trap()`.execute(db);
  await sql`create trigger trap before insert on shipping.carrier_bookings for each row
    when (random() < 0.1) execute function trap()`.execute(db);
  await sql`create trigger shutting_down before insert on payments.transactions for each row
    when (random() < 0.05) execute function shutting_down()`.execute(db);
  await sql`create trigger trap before insert on inventory.stock_movements for each row
    when (new.quantity = ${sql.lit(poisonousQuantity)}) execute function trap()`.execute(db);
}

/** Takes the traps away. */
export async function removeTraps(db: Kysely<Database>): Promise<void> {
  await untilDone(sql`drop function trap() cascade`, db);
  await untilDone(sql`drop function shutting_down() cascade`, db);
}

/** Several tables are locked by it, and who is at work in them may have them in another order. */
async function untilDone(statement: RawBuilder<unknown>, db: Kysely<Database>): Promise<void> {
  for (;;) {
    try {
      await statement.execute(db);
      return;
    } catch (error) {
      if (!isContention(error)) throw error;
    }
  }
}

/** Puts back what the traps have killed. */
export async function takeBack(db: Kysely<Database>): Promise<void> {
  for (const { id, recipient, error } of await listDeadLetters(db, {}, 10_000))
    if (error.endsWith(trapped)) await redrive(db, { id, recipient });
}

/** Forgets the nonsense that a story has sent. */
export async function forgetNonsense(db: Kysely<Database>): Promise<void> {
  await sql`delete from runtime.dead_letters where source = ${storySource} and error like 'INVALID_PAYLOAD%'`.execute(
    db,
  );
}

/** Lets everybody's backoff be over; nobody may be in the middle of a call. */
export async function endWaits(db: Kysely<Database>): Promise<void> {
  await sql`update runtime.mailbox set lease_until = null, wake_at = clock_timestamp() where last_error is not null`.execute(
    db,
  );
}

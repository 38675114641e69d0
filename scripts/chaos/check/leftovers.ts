import { sql } from 'kysely';
import { receive, restore } from '../../../src/runtime/lifecycle.js';
import type { Actor, Snapshot } from '../../../src/runtime/ports.js';
import { actors } from '../../../src/services/registry.js';
import type { Evidence, Finding } from './evidence.js';

/** Every message that still waits has a reason: its actor's state keeps it for later, or its effect's next run has a time. */
export async function nothingIsLeftOver({ db, restedAt }: Pick<Evidence, 'db' | 'restedAt'>): Promise<Finding[]> {
  // At rest nobody runs an effect when its time comes: what counts is that it had not come by then.
  const rested = restedAt ? sql`${restedAt}::timestamptz` : sql`clock_timestamp()`;
  const { rows } = await sql<{
    recipient: string;
    actor_id: string;
    id: string;
    type: string;
    data: unknown;
    correlation_id: string;
    sent_at: Date;
    deferred: boolean;
    scheduled: boolean;
    last_error: string | null;
  }>`
    select recipient, actor_id, id, type, data, correlation_id, sent_at, deferred, last_error,
      coalesce(lease_until > ${rested}, false) as scheduled
    from runtime.mailbox
    -- What came in while the processes were being stopped, such as a webhook, has had no time.
    where clock_id is not null or sent_at <= ${rested}
    order by seq`.execute(db);
  const findings: Finding[] = [];
  for (const row of rows) {
    const actor = (actors as Readonly<Record<string, Actor>>)[row.recipient];
    if (actor ? row.deferred && (await isKept(db, actor, row)) : row.scheduled) continue;
    const why = row.last_error ? `: ${row.last_error}` : '';
    const what = `${row.type} ${row.deferred ? 'is deferred without reason' : 'still waits'}${why}`;
    findings.push({ about: `${row.recipient} ${row.actor_id}`, what });
  }
  return findings;
}

interface Waiting {
  readonly actor_id: string;
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly correlation_id: string;
  readonly sent_at: Date;
}

/** Whether the actor as it is stored would put the message off. */
async function isKept(db: Evidence['db'], actor: Actor, message: Waiting): Promise<boolean> {
  const { rows } = await sql<{ version: number; machine_version: number; snapshot: Snapshot }>`
    select version, machine_version, snapshot from ${sql.table(actor.table)} where id = ${message.actor_id}`.execute(
    db,
  );
  const [stored] = rows;
  if (!stored) return false;
  const living = restore(actor, { ...stored, machineVersion: stored.machine_version });
  const { id, type, data, correlation_id: correlationId } = message;
  return receive(living, { id, type, data, correlationId, at: message.sent_at.toISOString() }).outcome === 'deferred';
}

/** No message was given up: faults outside are nobody's message's fault. */
export async function nothingIsDead({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const { rows } = await sql<{ recipient: string; actor_id: string; type: string; error: string }>`
    select recipient, actor_id, type, error from runtime.dead_letters order by seq`.execute(db);
  return rows.map(({ recipient, actor_id, type, error }) => ({
    about: `${recipient} ${actor_id}`,
    what: `${type} is dead: ${error}`,
  }));
}

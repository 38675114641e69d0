import { sql } from 'kysely';
import { FoldError, replay } from '../../../src/runtime/fold.js';
import { timerPrefix } from '../../../src/runtime/turn.js';
import { actors } from '../../../src/services/registry.js';
import { actorPages } from './actorPages.js';
import type { Evidence, Finding } from './evidence.js';

/** No timer took effect before the time for which its state had armed it. */
export async function timersAreNotEarly({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [recipient, actor] of Object.entries(actors)) {
    for await (const page of actorPages(db, recipient, actor.table)) {
      for (const { id, rows } of page) {
        const dueAt = new Map<string, number>();
        try {
          for (const { row, step } of replay(actor, rows)) {
            const at = Date.parse(row.at);
            if (row.type.startsWith(timerPrefix)) {
              const { visit } = row.data as { visit: number };
              const due = dueAt.get(`${row.type}/${visit}`) ?? Number.POSITIVE_INFINITY;
              if (at < due)
                findings.push({ about: `${recipient} ${id}`, what: `${row.type} fired ${due - at} ms early` });
            }
            for (const [name, delay] of Object.entries(step.arm)) dueAt.set(`${name}/${step.next.version}`, at + delay);
          }
        } catch (error) {
          // What does not fold is another check's to tell.
          if (!(error instanceof FoldError)) throw error;
        }
      }
    }
  }
  return findings;
}

/** Every timer fired at most once for each visit of the state that had armed it. */
export async function timersFireOnce({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const { rows } = await sql<{ recipient: string; actor_id: string; type: string; fired: string }>`
    select recipient, actor_id, type, count(*) as fired from runtime.journal
    where starts_with(type, ${timerPrefix}) group by recipient, actor_id, type, data ->> 'visit' having count(*) > 1`.execute(
    db,
  );
  return rows.map(({ recipient, actor_id, type, fired }) => ({
    about: `${recipient} ${actor_id}`,
    what: `${type} fired ${fired} times`,
  }));
}

/** How long before the last thing that happened a timer may have been due without having been fired (seconds). */
const graceSeconds = 10;

/** What an actor has armed is a row or on its way to it, and every row is of an actor that has armed it and is not overdue. */
export async function armedTimersAreRows({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [recipient, { table }] of Object.entries(actors)) {
    const { rows } = await sql<{ actor_id: string; name: string; armed: string | null; row: string | null }>`
      select coalesce(a.actor_id, t.actor_id) as actor_id, coalesce(a.name, t.name) as name, a.visit as armed, t.visit as row
      from (select id as actor_id, key as name, value as visit from ${sql.table(table)}, json_each_text(snapshot -> 'armed')) a
      full join (
        select actor_id, name, visit::text from runtime.timers where recipient = ${recipient}
        union all
        select actor_id, type, data ->> 'visit' from runtime.mailbox
        where recipient = ${recipient} and starts_with(type, ${timerPrefix})) t
        on t.actor_id = a.actor_id and t.name = a.name and t.visit = a.visit
      where a.visit is distinct from t.visit`.execute(db);
    for (const { actor_id, name, armed, row } of rows) {
      const what =
        armed === null ? `${name} of visit ${row} is set, not armed` : `${name} of visit ${armed} is armed, not set`;
      findings.push({ about: `${recipient} ${actor_id}`, what });
    }
  }
  const { rows: overdue } = await sql<{ recipient: string; actor_id: string; name: string }>`
    select recipient, actor_id, name from runtime.timers
    where clock_id is null and due_at < (select max(at) from runtime.journal where at <= now()) - ${graceSeconds}::int * interval '1 second'`.execute(
    db,
  );
  for (const { recipient, actor_id, name } of overdue)
    findings.push({ about: `${recipient} ${actor_id}`, what: `${name} is overdue` });
  return findings;
}

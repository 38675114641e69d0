import { sql } from 'kysely';
import { fold } from '../../../src/runtime/fold.js';
import type { Actor } from '../../../src/runtime/ports.js';
import { actors } from '../../../src/services/registry.js';
import { actorPages } from './actorPages.js';
import type { Evidence, Finding } from './evidence.js';

/** Every journal has each version once, and folds to the snapshot that is stored, byte for byte (invariant 7). */
export async function journalsFold(
  { db }: Pick<Evidence, 'db'>,
  machines: Readonly<Record<string, Actor>> = actors,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [recipient, actor] of Object.entries(machines)) {
    for await (const page of actorPages(db, recipient, actor.table)) {
      const folded: { id: string; snapshot: string }[] = [];
      for (const { id, version, rows } of page) {
        try {
          const end = fold(actor, rows);
          if (end?.version === version) folded.push({ id, snapshot: JSON.stringify(end.snapshot) });
          else
            findings.push({
              about: `${recipient} ${id}`,
              what: `is at ${version}, its journal at ${end?.version ?? 0}`,
            });
        } catch (error) {
          findings.push({ about: `${recipient} ${id}`, what: `does not fold: ${(error as Error).message}` });
        }
      }
      // A context that was stored in between may have its fields in another order, so PostgreSQL writes both in an order of its own.
      const { rows: others } = await sql<{ id: string }>`
        select a.id from unnest(${folded.map(({ id }) => id)}::uuid[], ${folded.map((f) => f.snapshot)}::text[]) as f(id, snapshot)
        join ${sql.table(actor.table)} a on a.id = f.id where a.snapshot::jsonb::text <> f.snapshot::jsonb::text`.execute(
        db,
      );
      for (const { id } of others)
        findings.push({ about: `${recipient} ${id}`, what: 'has another snapshot than its journal folds to' });
    }
  }
  return findings;
}

/** What people query of actors is what their snapshots say. */
export async function columnsFollowSnapshots({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [recipient, actor] of Object.entries<Actor>(actors)) {
    for (const [name, [type, ...path]] of Object.entries(actor.columns ?? {})) {
      const [column, said] = [sql.ref(name), sql`(snapshot -> 'context' #>> ${path})::${sql.raw(type)}`];
      const { rows } = await sql<{ id: string; is: string | null; said: string | null }>`
        select id, ${column}::text as is, ${said}::text as said from ${sql.table(actor.table)}
        where ${column} is distinct from ${said} limit 10`.execute(db);
      for (const { id, is, said: wanted } of rows)
        findings.push({ about: `${recipient} ${id}`, what: `has ${name} ${is}, and its snapshot says ${wanted}` });
    }
  }
  return findings;
}

/**
 * No message was taken twice: a second delivery found nothing to do (invariant 2). A request that was sent again is heard again by
 * handlers, which know it by its id; other checks look at what it did.
 */
export async function messagesAreTakenOnce({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const { rows } = await sql<{ recipient: string; actor_id: string; type: string; taken: string }>`
    select recipient, actor_id, min(type) as type, count(*) as taken from runtime.journal
    where outcome in ('applied', 'settled') or (outcome = 'handled' and causation_id is not null) group by recipient, actor_id, message_id having count(*) > 1`.execute(
    db,
  );
  return rows.map(({ recipient, actor_id, type, taken }) => ({
    about: `${recipient} ${actor_id}`,
    what: `took the same ${type} ${taken} times`,
  }));
}

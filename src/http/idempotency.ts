import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { ints, jsonbs, texts, uuids } from '../db/arrays.js';
import type { Database } from '../db/tables.js';
import { grouped } from './grouped.js';
import { newId } from './ids.js';
import { problem } from './problem.js';

/** A request that wants to be done once. */
export interface OnceRequest {
  readonly principal: string;
  readonly key: string;
  /** Of method, path and body. */
  readonly hash: string;
}

/** An answer as it is kept for repetitions. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a key turned out to be. */
export type Claim =
  | { readonly kind: 'claimed'; readonly resourceId: string; readonly repeated: boolean }
  | { readonly kind: 'answered'; readonly answer: StoredAnswer }
  | { readonly kind: 'inFlight' }
  | { readonly kind: 'reused' };

/** Remembers what was asked and answered under each `Idempotency-Key`. */
export interface IdempotencyKeys {
  claim(request: OnceRequest): Promise<Claim>;
  /** Keeps the answer of a claimed request. */
  answer(request: OnceRequest, answer: StoredAnswer): Promise<void>;
  /** Gives a claim up without an answer; the next request under the key takes it over at once, with the same resource id. */
  release(request: OnceRequest): Promise<void>;
}

/** How long an unanswered claim keeps others off, seconds; then the process that held it counts as dead. */
const inFlightSeconds = 30;
/** How long a key is remembered. */
const lifetimeHours = 24;

/** The fingerprint of a request. */
export function requestHash(method: string, path: string, body: Buffer): string {
  return createHash('sha256').update(`${method} ${path}\n`).update(body).digest('base64url');
}

/**
 * Reads an `Idempotency-Key`.
 * @throws HttpProblem VALIDATION_ERROR when it is not 1 to 255 printable ASCII characters
 */
export function idempotencyKey(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(header)) return header;
  const detail = 'wants 1 to 255 printable ASCII characters';
  throw problem('VALIDATION_ERROR', `Idempotency-Key ${detail}.`, {
    errors: [{ in: 'header', pointer: 'idempotency-key', detail }],
  });
}

const idOf = ({ principal, key }: { principal: string; key: string }): string => JSON.stringify([principal, key]);

/** Keeps the keys in `runtime.idempotency_keys`; requests that come together share a statement. */
export function createIdempotencyKeys(db: Kysely<Database>): IdempotencyKeys {
  const store = grouped((answered: readonly Answered[]) => storeAll(db, answered));
  return {
    claim: grouped((requests) => claimAll(db, requests)),
    answer: (request, answer) => store({ request, answer }),
    release: grouped((requests) => releaseAll(db, requests)),
  };
}

async function claimAll(db: Kysely<Database>, requests: readonly OnceRequest[]): Promise<Claim[]> {
  const first = new Map<string, OnceRequest>();
  for (const request of requests) if (!first.has(idOf(request))) first.set(idOf(request), request);
  // In key order, so that two processes that claim the same keys wait for each other in the same order.
  const asked = [...first.values()].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const { rows } = await sql<{ principal: string; key: string; resource_id: string; fresh: boolean }>`/* prepared */
    insert into runtime.idempotency_keys as k (principal, key, request_hash, resource_id)
    select * from unnest(${texts(asked.map((a) => a.principal))}, ${texts(asked.map((a) => a.key))},
      ${texts(asked.map((a) => a.hash))}, ${uuids(asked.map(() => newId()))})
    on conflict (principal, key) do update set
      request_hash = excluded.request_hash,
      resource_id = case when k.claimed_at < now() - ${lifetimeHours}::int * interval '1 hour' then excluded.resource_id else k.resource_id end,
      status = null, headers = null, body = null, claimed_at = now()
    where k.claimed_at < now() - ${lifetimeHours}::int * interval '1 hour'
      or (k.status is null and k.request_hash = excluded.request_hash
        and k.claimed_at < now() - ${inFlightSeconds}::int * interval '1 second')
    returning principal, key, resource_id, (xmax = 0) as fresh`.execute(db);
  const claims = new Map<string, Claim>(
    rows.map((row) => [idOf(row), { kind: 'claimed', resourceId: row.resource_id, repeated: !row.fresh }]),
  );
  const others = requests.filter((request) => !claims.has(idOf(request)) || first.get(idOf(request)) !== request);
  const known = others.length > 0 ? await lookUp(db, others) : new Map<string, KnownKey>();
  return requests.map((request) => {
    const claim = claims.get(idOf(request));
    return claim && first.get(idOf(request)) === request ? claim : describe(request, known.get(idOf(request)));
  });
}

interface KnownKey {
  readonly principal: string;
  readonly key: string;
  readonly request_hash: string;
  readonly status: number | null;
  readonly headers: unknown;
  readonly body: string | null;
}

async function lookUp(db: Kysely<Database>, requests: readonly OnceRequest[]): Promise<Map<string, KnownKey>> {
  const { rows } = await sql<KnownKey>`/* prepared */
    select k.principal, k.key, k.request_hash, k.status, k.headers, k.body from runtime.idempotency_keys k
    join unnest(${texts(requests.map((r) => r.principal))}, ${texts(requests.map((r) => r.key))}) as a(principal, key)
      using (principal, key)`.execute(db);
  return new Map(rows.map((row) => [idOf(row), row]));
}

function describe(request: OnceRequest, known: KnownKey | undefined): Claim {
  if (!known) return { kind: 'inFlight' };
  if (known.request_hash !== request.hash) return { kind: 'reused' };
  if (known.status === null) return { kind: 'inFlight' };
  const headers = known.headers as Record<string, string>;
  return { kind: 'answered', answer: { status: known.status, headers, body: known.body ?? '' } };
}

interface Answered {
  readonly request: OnceRequest;
  readonly answer: StoredAnswer;
}

async function storeAll(db: Kysely<Database>, answers: readonly Answered[]): Promise<undefined[]> {
  await sql`/* prepared */
    update runtime.idempotency_keys k set status = a.status, headers = a.headers, body = a.body
    from unnest(${texts(answers.map((a) => a.request.principal))}, ${texts(answers.map((a) => a.request.key))},
      ${texts(answers.map((a) => a.request.hash))}, ${ints(answers.map((a) => a.answer.status))},
      ${jsonbs(answers.map((a) => JSON.stringify(a.answer.headers)))}, ${texts(answers.map((a) => a.answer.body))})
      as a(principal, key, hash, status, headers, body)
    where k.principal = a.principal and k.key = a.key and k.request_hash = a.hash and k.status is null`.execute(db);
  return answers.map(() => undefined);
}

async function releaseAll(db: Kysely<Database>, requests: readonly OnceRequest[]): Promise<undefined[]> {
  // Not deleted: the work may have been done before the request failed, and its repetition must come to the same ids.
  await sql`/* prepared */
    update runtime.idempotency_keys k set claimed_at = now() - (${inFlightSeconds}::int + 1) * interval '1 second'
    from unnest(${texts(requests.map((r) => r.principal))}, ${texts(requests.map((r) => r.key))}) as a(principal, key)
    where k.principal = a.principal and k.key = a.key and k.status is null`.execute(db);
  return requests.map(() => undefined);
}

/** Forgets keys whose time is over; for whoever tidies up. */
export async function forgetExpiredKeys(db: Kysely<Database>): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from runtime.idempotency_keys where claimed_at < now() - ${lifetimeHours}::int * interval '1 hour'`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0);
}

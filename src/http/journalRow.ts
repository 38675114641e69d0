/** A row of the journal. */
export interface JournalRow {
  readonly seq: number;
  readonly recipient: string;
  readonly actorId: string;
  readonly messageId: string;
  readonly type: string;
  readonly data: unknown;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly at: Date;
}

/**
 * What of an audit record tells whether the rest of it matters now. To read it takes a third of what
 * decoding the record takes, and a restart reads hundreds of thousands of which it needs few.
 */
import { TOPIC_SCHEMAS } from './avro.ts';
import type { AuditRecord, AuditRecordEvent } from './messages.ts';
import { projectionOf } from './projection.ts';

type Uses = readonly { readonly shared: boolean }[];

export interface HeadingEvent {
  readonly type: AuditRecordEvent['type'];
  readonly held?: Uses;
  readonly released?: Uses;
  readonly settled?: Uses;
  readonly rates?: Uses;
  /** When something runs out that the event has begun, ms. */
  readonly holdUntil?: number;
  readonly expiresAt?: number | null;
  readonly until?: number | null;
}

export interface AuditHeading extends Pick<AuditRecord, 'at' | 'subject'> {
  readonly cause: Pick<AuditRecord['cause'], 'topic' | 'offset'>;
  readonly events: readonly HeadingEvent[];
}

const FIELDS: ReadonlySet<string> = new Set<
  keyof AuditHeading | keyof AuditHeading['cause'] | keyof HeadingEvent | keyof Uses[number]
>([
  'at',
  'subject',
  'cause',
  'topic',
  'offset',
  'events',
  'held',
  'released',
  'settled',
  'rates',
  'shared',
  'holdUntil',
  'expiresAt',
  'until',
]);

/** For `Codec.reader` of audit.v1. */
export const AUDIT_HEADING = projectionOf(TOPIC_SCHEMAS['audit.v1'], FIELDS);

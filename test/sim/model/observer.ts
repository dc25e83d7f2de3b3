/**
 * Follows the logs as any reader may, and holds everything that is said against them: one observer
 * for all partitions, who knows nothing but what was appended.
 */
import { createHash } from 'node:crypto';
import type { AuditRecordEvent, Decision } from '@estop/schemas/messages';
import type { FleetSpec } from '../fleet-spec.ts';
import { at, type SimLog } from '../log/sim-log.ts';
import { must } from '../violation.ts';
import { AUDIT_CODEC } from '../world/audit-codec.ts';
import type { Writer } from '../world/writer.ts';
import { ControlsBook } from './controls-book.ts';
import { Homes } from './homes.ts';
import { PartitionModel } from './partition-model.ts';
import { RateBook } from './rate-book.ts';
import { ShadowState } from './shadow-state.ts';
import { type Truncation, TruncationWatch } from './truncation-watch.ts';

interface Follower {
  readonly model: PartitionModel;
  readonly shadow: ShadowState;
  readonly controls: ControlsBook;
  /** Records that were read. */
  read: number;
  seq: number;
  hash: Buffer;
  /** What valid records say of intents, by offset. */
  readonly said: Map<number, string>;
  /** Since acknowledged records vanished. */
  truncation: TruncationWatch | null;
}

export class Observer {
  readonly #log: SimLog;
  readonly #followers: readonly Follower[];
  readonly #homes = new Homes();
  readonly #rates: RateBook;
  /** How often each kind of event was recorded, decisions with their reason. */
  readonly counts = new Map<string, number>();

  constructor(log: SimLog, specs: readonly FleetSpec[]) {
    this.#log = log;
    const homes = this.#homes;
    this.#rates = new RateBook(specs);
    this.#followers = log.audit.map((_, partition) => ({
      model: new PartitionModel(partition, { log, specs, homes }),
      shadow: new ShadowState(partition),
      controls: new ControlsBook(log, partition),
      read: 0,
      seq: -1,
      hash: Buffer.alloc(32),
      said: new Map(),
      truncation: null,
    }));
  }

  model(partition: number): PartitionModel {
    return at(this.#followers, partition).model;
  }

  get homes(): Homes {
    return this.#homes;
  }

  /** From now on no model holds: what others say may rest on what has vanished. */
  get isAnyTruncated(): boolean {
    return this.#followers.some(({ truncation }) => truncation !== null);
  }

  truncated(partition: number, truncation: Truncation): void {
    const entries = at(this.#log.audit, partition);
    at(this.#followers, partition).truncation = new TruncationWatch(entries, truncation);
  }

  /** Reads what was appended. Records that do not extend the chain are void, whoever wrote them. */
  follow(partition: number): void {
    const follower = at(this.#followers, partition);
    const entries = at(this.#log.audit, partition);
    follower.truncation?.follow(entries);
    if (this.isAnyTruncated) return;
    for (; follower.read < entries.length; follower.read += 1) {
      const { value, decided } = at(entries, follower.read);
      const record = AUDIT_CODEC.decode(value);
      if (record.seq !== follower.seq + 1 || !follower.hash.equals(record.prev)) {
        this.#count('void record');
        continue;
      }
      for (const event of record.events) this.#count(kindOf(event));
      follower.seq = record.seq;
      follower.hash = createHash('sha256').update(value).digest();
      const groupsOf = (agentId: string) => follower.model.groupsOf(agentId);
      follower.controls.check(record, { decided, groupsOf });
      follower.model.apply(record, decided);
      follower.shadow.apply(record, follower.read);
      this.#rates.note(record);
      const said = sayingsOf(record.events);
      if (said.length > 0) follower.said.set(follower.read, said);
    }
  }

  #count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  /** A decision left estop: I2, a valid record says so already. */
  heard({ intentId, decision, record, agentId }: Decision): void {
    if (this.isAnyTruncated) return;
    const { partition, offset } = record;
    const said = at(this.#followers, partition).said.get(offset);
    must(said?.includes(` ${intentId} ${decision};`) === true, 'I2', () => {
      return `${decision} of ${intentId} of ${agentId} left, and no valid record says so`;
    });
  }

  /** I7: the state of who decides is the state that the log gives. */
  compareWhenSettled(writer: Writer): void {
    const { partition } = writer.deps;
    const follower = at(this.#followers, partition);
    const isBehind = writer.nextOffset !== follower.read || !writer.isSettled;
    if (isBehind || this.isAnyTruncated) return;
    follower.shadow.expectSame(writer.state);
  }

  compareWhole(writer: Writer, isByBytes: boolean): void {
    if (this.isAnyTruncated) return;
    at(this.#followers, writer.deps.partition).shadow.expectWhole(writer.state, isByBytes);
  }
}

function kindOf(event: AuditRecordEvent): string {
  if (event.type === 'BreakerChanged') return `${event.type} ${event.cause}`;
  return 'reason' in event && event.reason !== null && event.type !== 'CommandAccepted'
    ? `${event.type} ${event.reason}`
    : event.type;
}

function sayingsOf(events: readonly { readonly type: string }[]): string {
  let said = '';
  for (const event of events) {
    const verdict = VERDICTS[event.type];
    if (verdict !== undefined && 'intentId' in event) said += ` ${event.intentId} ${verdict};`;
  }
  return said;
}

const VERDICTS: Readonly<Record<string, string>> = {
  IntentAllowed: 'allow',
  IntentDenied: 'deny',
  ApprovalRequested: 'needs-approval',
  ApprovalVoted: 'needs-approval',
};

/** The production functions that a writer runs on. Planted bugs replace one of them at a time. */
import { extendsChain } from '@estop/log/chain';
import { applyRecord } from '@estop/policy/domain/apply-record';
import { decide } from '@estop/policy/domain/decide';
import { messagesOf } from '@estop/policy/domain/shared/messages';

export interface Machinery {
  readonly decide: typeof decide;
  readonly applyRecord: typeof applyRecord;
  readonly extendsChain: typeof extendsChain;
  readonly messagesOf: typeof messagesOf;
  /** Halts and fleets overtake the inputs behind them. */
  readonly takesControlsFirst: boolean;
  /** Nothing leaves before the records it rests on are proven. */
  readonly releasesAfterProof: boolean;
  /** What came after a snapshot is folded too. */
  readonly foldsAfterSnapshot: boolean;
  /** What was seen proven must still be there when the log is folded again. */
  readonly remembersProof: boolean;
}

export const PRODUCTION: Machinery = {
  decide,
  applyRecord,
  extendsChain,
  messagesOf,
  takesControlsFirst: true,
  releasesAfterProof: true,
  foldsAfterSnapshot: true,
  remembersProof: true,
};

/** Which message each topic carries. */
import type {
  AgentView,
  AuditRecord,
  BreakerView,
  Checkpoint,
  Command,
  DeadLetter,
  Decision,
  Halt,
  Intent,
  Outcome,
  PolicyRecord,
  Snapshot,
} from './messages.ts';

export interface MessageOf {
  'intents.v1': Intent;
  'outcomes.v1': Outcome;
  'commands.v1': Command;
  'halts.v1': Halt;
  'policies.v1': PolicyRecord;
  'audit.v1': AuditRecord;
  'decisions.v1': Decision;
  'agents.v1': AgentView;
  'breakers.v1': BreakerView;
  'snapshots.v1': Snapshot;
  'checkpoints.v1': Checkpoint;
  'dead-letters.v1': DeadLetter;
}

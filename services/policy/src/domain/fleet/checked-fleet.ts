/**
 * A fleet folder that passed every check, as plain data: it can be sent from the thread that
 * checks to the thread that decides, which compiles it.
 */
import type { AgentId, GroupName, PolicyHash, ToolName } from '@estop/schemas/ids';
import type { Tier } from '@estop/schemas/messages';
import type { EstPolicy } from '../cedar/est.ts';
import type {
  FleetAgent,
  FleetBudget,
  FleetPerson,
  FleetRate,
  JsonObject,
  RuleAnnotations,
} from '../fleet.ts';
import type { RecordType } from './argument-type.ts';

export interface CheckedFleet {
  readonly hash: PolicyHash;
  readonly agents: readonly FleetAgent[];
  readonly people: readonly FleetPerson[];
  readonly tools: readonly CheckedTool[];
  readonly budgets: readonly ScopedBudget[];
  readonly rates: readonly ScopedRate[];
  readonly policies: readonly CheckedPolicy[];
}

export interface CheckedTool {
  readonly name: ToolName;
  readonly tier: Tier;
  /** JSON Schema 2020-12 with unknown properties refused; null when the catalogue has none. */
  readonly argumentSchema: JsonObject | null;
  /** What rules may read of the arguments. */
  readonly argumentType: RecordType;
  /** Micro-dollars, or a JSON pointer to them. */
  readonly cost: number | string | null;
  /** JSON pointers of the arguments that say whom or what the call is aimed at. */
  readonly targets: readonly string[];
  /** The tool that takes this one's effect back. */
  readonly undo: ToolName | null;
}

/** Whom a limit counts. `agent: '*'`: every agent its own; null: all of them together. */
export interface LimitScope {
  readonly agent: AgentId | '*' | null;
  readonly group: GroupName | null;
  /** A tool name in which `*` stands for any text. */
  readonly tool: string | null;
}

export interface ScopedBudget extends FleetBudget {
  readonly scope: LimitScope;
}

export interface ScopedRate extends FleetRate {
  readonly scope: LimitScope;
}

export interface CheckedPolicy extends EstPolicy {
  readonly text: string;
  /** Where it stands in the folder. */
  readonly file: string;
  readonly line: number;
  readonly parsedAnnotations: RuleAnnotations;
}

/** Halts: scopes, which halts cover a call, and how a halt reaches the state. */
import type { AgentId, ToolName } from '@estop/schemas/ids';
import type { Halt, HaltScope } from '@estop/schemas/messages';
import type { FleetAgent } from './fleet.ts';
import { type Answer, type Input, NOTHING } from './input.ts';
import { HALTS_MAX } from './limits.ts';
import { POLICY_SERVICE } from './people.ts';
import type { PartitionState } from './state.ts';

/** The key of a scope on halts.v1 and in every table of halts. */
export function scopeText(scope: HaltScope): string {
  if (scope.fleet) return 'fleet';
  const parts: string[] = [];
  if (scope.group !== null) parts.push(`group:${scope.group}`);
  if (scope.agent !== null) parts.push(`agent:${scope.agent}`);
  if (scope.tool !== null) parts.push(`tool:${scope.tool}`);
  return parts.join('/');
}

/** Whether a live halt on this scope stops this agent from calling this tool. */
export function scopeCovers(
  scope: HaltScope,
  call: {
    readonly agentId: AgentId;
    readonly groups: readonly string[];
    /** Null: no call, so what stops one tool stops nothing. */
    readonly tool: ToolName | null;
  },
): boolean {
  if (scope.fleet) return true;
  if (scope.agent !== null && scope.agent !== call.agentId) return false;
  if (scope.group !== null && !call.groups.includes(scope.group)) return false;
  if (scope.tool !== null && scope.tool !== call.tool) return false;
  return scope.agent !== null || scope.group !== null || scope.tool !== null;
}

/** A halt that stops this call now, or undefined. */
export function haltCovering(
  context: { readonly state: PartitionState; readonly atMs: number },
  agent: Pick<FleetAgent, 'id' | 'groups'>,
  tool: ToolName,
): Halt | undefined {
  for (const halt of context.state.haltByScope.values()) {
    if (!stands(halt, context.atMs)) continue;
    if (scopeCovers(halt.scope, { agentId: agent.id, groups: agent.groups, tool })) return halt;
  }
  return undefined;
}

export function isLive(halt: Halt, atMs: number): boolean {
  return !halt.lifted && (halt.until === null || atMs < halt.until);
}

/**
 * A kill stands until the log says that it is over, since whom it covered must be tried then: nobody
 * goes on as before in the moment between its end and the tick that says so.
 */
function stands(halt: Halt, atMs: number): boolean {
  return halt.mode === 'kill' ? !halt.lifted : isLive(halt, atMs);
}

/** Halts whose time is over, as the lifts that say so in the log. */
export function endedHalts(state: PartitionState, nowMs: number): readonly Input[] {
  const ended: Input[] = [];
  for (const halt of state.haltByScope.values()) {
    if (halt.lifted || isLive(halt, nowMs)) continue;
    const lift = { ...halt, lifted: true, by: POLICY_SERVICE, reason: 'its time is over' };
    ended.push({ type: 'halt', halt: lift });
  }
  return ended;
}

function liveHalts(state: PartitionState): number {
  let live = 0;
  for (const halt of state.haltByScope.values()) if (isLive(halt, state.atMs)) live += 1;
  return live;
}

/**
 * Whether a word on a scope comes after another one on it. Epochs only grow; where two gateways gave
 * the same one, the larger id wins, and a lift ends its own halt alone. So the same word stands
 * everywhere, in whatever order and however often words arrive.
 */
export function supersedes(word: Halt, known: Halt): boolean {
  if (word.epoch !== known.epoch) return word.epoch > known.epoch;
  if (word.haltId !== known.haltId) return word.haltId > known.haltId;
  return word.lifted && !known.lifted;
}

/** A halt becomes a fact of this partition, once, and only forward. */
export function decideHalt(state: PartitionState, halt: Halt): Answer {
  const known = state.haltByScope.get(scopeText(halt.scope));
  if (known !== undefined && !supersedes(halt, known)) return NOTHING;
  if (!halt.lifted && !halt.scope.fleet && liveHalts(state) >= HALTS_MAX) {
    const detail = `${HALTS_MAX} scopes are halted: lift some, or halt the fleet`;
    return { kind: 'dead-letter', reason: 'too-large', detail };
  }
  const type = halt.lifted ? 'HaltLifted' : 'HaltApplied';
  return { kind: 'record', subject: null, events: [{ type, halt }] };
}

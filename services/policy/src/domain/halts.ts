/** Halts: which one covers a call, and how a halt reaches the state. */
import { isLive, scopeCovers, scopeText, supersedes } from '@estop/schemas/halts';
import type { ToolName } from '@estop/schemas/ids';
import type { Halt } from '@estop/schemas/messages';
import type { FleetAgent } from './fleet.ts';
import { type Answer, type Input, NOTHING } from './input.ts';
import { HALTS_MAX } from './limits.ts';
import { POLICY_SERVICE } from './people.ts';
import type { PartitionState } from './state.ts';

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

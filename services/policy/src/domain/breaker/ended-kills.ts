/**
 * Kills that are over. Whom one covered comes back half-open: the partition remembers the newest on
 * each scope, and each agent asks when its next input or tick comes whether one of them is newer than
 * the last time that it was tried.
 */

import { scopeText } from '@estop/schemas/halts';
import type { AuditRecord, Halt, HaltScope } from '@estop/schemas/messages';
import { ENDED_KILLS_MAX } from '../limits.ts';
import { scheduleExpiry } from '../schedule.ts';
import type { PartitionState } from '../state.ts';
import type { EndedKill } from './breaker.ts';

const EVERYBODY: HaltScope = { fleet: true, group: null, agent: null, tool: null };

/**
 * Before a word on a scope takes the place of the one before. A kill is over when it is lifted, and
 * also when a milder halt takes its place: lifting that one shall not be the easier way out.
 */
export function noteEndedKill(
  state: PartitionState,
  word: Halt,
  { at, seq }: Pick<AuditRecord, 'at' | 'seq'>,
): void {
  const key = scopeText(word.scope);
  const known = state.haltByScope.get(key);
  const replaced = known?.mode === 'kill' && !known.lifted ? known : undefined;
  const kill = word.mode === 'kill' ? word : replaced;
  if (kill === undefined || (word.mode === 'kill' && !word.lifted)) return;
  const { haltId, epoch } = kill;
  remember(state.endedKillByScope, { scope: word.scope, haltId, epoch, by: word.by, seq });
  scheduleNamed(state, word.scope, at);
}

/** Of a state that was restored: whom a kill named may not have had its tick yet. */
export function scheduleEndedKills(state: PartitionState): void {
  for (const { scope } of state.endedKillByScope.values()) scheduleNamed(state, scope, state.atMs);
}

/** Nobody should have to ask first to see it. */
function scheduleNamed({ schedule }: PartitionState, scope: HaltScope, atMs: number): void {
  if (scope.agent !== null && scope.tool === null) scheduleExpiry(schedule, scope.agent, atMs);
}

/** Where there is no room for one scope more, everybody is meant: too many are tried, never too few. */
function remember(endedKillByScope: Map<string, EndedKill>, kill: EndedKill): void {
  const key = scopeText(kill.scope);
  const isRoom = endedKillByScope.has(key) || endedKillByScope.size < ENDED_KILLS_MAX;
  if (isRoom) endedKillByScope.set(key, kill);
  else endedKillByScope.set(scopeText(EVERYBODY), { ...kill, scope: EVERYBODY });
}

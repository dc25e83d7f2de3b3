/** What scopes of halts mean: whom one covers, which word on it stands, whether it is in force. */
import type { Halt, HaltMode, HaltScope } from './messages.ts';

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
    readonly agentId: string;
    readonly groups: readonly string[];
    /** Null: no call, so what stops one tool stops nothing. */
    readonly tool: string | null;
  },
): boolean {
  if (scope.fleet) return true;
  if (scope.agent !== null && scope.agent !== call.agentId) return false;
  if (scope.group !== null && !call.groups.includes(scope.group)) return false;
  if (scope.tool !== null && scope.tool !== call.tool) return false;
  return scope.agent !== null || scope.group !== null || scope.tool !== null;
}

export function isLive(halt: Pick<Halt, 'lifted' | 'until'>, atMs: number): boolean {
  return !halt.lifted && (halt.until === null || atMs < halt.until);
}

/**
 * Whether a word on a scope comes after another one on it. Epochs only grow; where two gateways gave
 * the same one, the larger id wins, and a lift ends its own halt alone. So the same word stands
 * everywhere, in whatever order and however often words arrive.
 */
export function supersedes(
  word: Pick<Halt, 'epoch' | 'haltId' | 'lifted'>,
  known: Pick<Halt, 'epoch' | 'haltId' | 'lifted'>,
): boolean {
  if (word.epoch !== known.epoch) return word.epoch > known.epoch;
  if (word.haltId !== known.haltId) return word.haltId > known.haltId;
  return word.lifted && !known.lifted;
}

/** How much a halt stops and until when. */
export type HaltTerms = Pick<Halt, 'mode' | 'until'>;

/** Each stops more than those before it. */
const MODES: readonly HaltMode[] = ['drain', 'pause', 'kill'];

export function isHaltMode(value: unknown): value is HaltMode {
  return MODES.some((mode) => mode === value);
}

/** What two halts of one scope come to: who stops once more never lets through what was stopped. */
export function strictest(one: HaltTerms, other: HaltTerms): HaltTerms {
  const isOne = MODES.indexOf(one.mode) >= MODES.indexOf(other.mode);
  const isEndless = one.until === null || other.until === null;
  return {
    mode: isOne ? one.mode : other.mode,
    until: isEndless ? null : Math.max(one.until, other.until),
  };
}

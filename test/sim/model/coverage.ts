/** Which halts stand, and whom they cover. */
import type { Halt, Intent } from '@estop/schemas/messages';

/** A kill is over when the log says so, and not before: whom it covered must be tried then. */
export function isLive({ mode, lifted, until }: Halt, atMs: number): boolean {
  return !lifted && (mode === 'kill' || until === null || until > atMs);
}

export function covers(
  { scope }: Halt,
  { agentId, tool }: Pick<Intent, 'agentId' | 'tool'>,
  groups: readonly string[],
): boolean {
  if (scope.fleet) return true;
  const isAgent = scope.agent === null || scope.agent === agentId;
  const isGroup = scope.group === null || groups.includes(scope.group);
  const isTool = scope.tool === null || scope.tool === tool;
  return isAgent && isGroup && isTool;
}

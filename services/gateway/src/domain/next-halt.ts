/** The word that somebody's wish to stop becomes, on a scope that may be halted already. */
import { strictest } from '@estop/schemas/halts';
import type { PersonId } from '@estop/schemas/ids';
import type { Halt, HaltMode, HaltScope } from '@estop/schemas/messages';
import { killersOf, together } from './killers.ts';

export interface HaltRequest {
  readonly scope: HaltScope;
  readonly mode: HaltMode;
  readonly reason: string | null;
  /** Null: until it is lifted. */
  readonly forMs: number | null;
  readonly by: PersonId;
}

/**
 * `standing`: what is in force on exactly this scope; it is never stopped less than that. Who adds
 * nothing to a kill does not become who has said it, or the one who has could lift it alone.
 */
export function nextHalt(
  { scope, mode, reason, forMs, by }: HaltRequest,
  about: Pick<Halt, 'haltId' | 'epoch'> & {
    readonly at: number;
    readonly standing: Halt | undefined;
  },
): Halt {
  const { haltId, epoch, at, standing } = about;
  const asked = { mode, until: forMs === null ? null : at + forMs };
  const word = { haltId, scope, epoch, by, reason, lifted: false };
  const own = { killers: [by] };
  if (standing === undefined) return { ...word, ...asked, ...(mode === 'kill' ? own : NOBODY) };
  const terms = strictest(asked, standing);
  const isAdding = terms.mode !== standing.mode || terms.until !== standing.until;
  if (terms.mode !== 'kill') return { ...word, ...terms, ...NOBODY };
  const killers = killersOf(standing);
  if (standing.mode !== 'kill' || isAdding) {
    return { ...word, ...terms, killers: together(killers, [by]) };
  }
  return { ...word, ...terms, by: standing.by, reason: standing.reason ?? reason, killers };
}

const NOBODY = { killers: [] } as const;

/**
 * What two words of one scope come to, as the one that does not stand says it again: it stops as much as
 * both, and who only paused does not become who has killed.
 */
export function joined(again: Halt, standing: Halt): Halt {
  const terms = strictest(standing, again);
  if (terms.mode !== 'kill') return { ...again, ...terms, ...NOBODY };
  const { by, reason } = again.mode === 'kill' ? again : standing;
  // Those of the one that stands first: two gateways that answer each other come to an end.
  return {
    ...again,
    ...terms,
    by,
    reason,
    killers: together(killersOf(standing), killersOf(again)),
  };
}

/** Whether a word stops as much as another one, and keeps as many from lifting it. */
export function stopsAsMuch(word: Halt, other: Halt): boolean {
  const isSame = word.mode === other.mode && word.until === other.until;
  return isSame && killersOf(word).length >= killersOf(other).length;
}

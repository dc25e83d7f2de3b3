/** The word that somebody's wish to stop becomes, on a scope that may be halted already. */
import { strictest } from '@estop/schemas/halts';
import type { PersonId } from '@estop/schemas/ids';
import type { Halt, HaltMode, HaltScope } from '@estop/schemas/messages';

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
  if (standing === undefined) return { ...word, ...asked };
  const terms = strictest(asked, standing);
  const isAdding = terms.mode !== standing.mode || terms.until !== standing.until;
  if (standing.mode !== 'kill' || isAdding) return { ...word, ...terms };
  return { ...word, ...terms, by: standing.by, reason: standing.reason ?? reason };
}

/** The word that somebody's wish to stop becomes, on a scope that may be halted already. */
import { type HaltTerms, strictest } from '@estop/schemas/halts';
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

/** `standing`: what is in force on exactly this scope; it is never stopped less than that. */
export function nextHalt(
  { scope, mode, reason, forMs, by }: HaltRequest,
  about: Pick<Halt, 'haltId' | 'epoch'> & {
    readonly at: number;
    readonly standing: HaltTerms | undefined;
  },
): Halt {
  const { haltId, epoch, at, standing } = about;
  const asked = { mode, until: forMs === null ? null : at + forMs };
  const terms = standing === undefined ? asked : strictest(asked, standing);
  return { haltId, scope, ...terms, epoch, by, reason, lifted: false };
}

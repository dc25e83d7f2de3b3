/** Words on scopes as the control stream tells them. */
import { isHaltMode } from '@estop/schemas/halts';
import type { Halt, HaltScope } from '@estop/schemas/messages';
import type { JsonRecord } from './call.ts';
import { isRecord } from './json.ts';

/** A word on a scope, with what an enforcement point needs of it. */
export type HaltWord = Pick<
  Halt,
  'haltId' | 'scope' | 'mode' | 'epoch' | 'by' | 'reason' | 'until' | 'lifted'
>;

/** Undefined: it is no halt. A mode that is not known here kills. */
export function readHaltWord(value: unknown): HaltWord | undefined {
  if (!isRecord(value)) return undefined;
  const { id, scope, mode, epoch, by, reason, until, lifted } = value;
  const read = isRecord(scope) ? readScope(scope) : undefined;
  if (typeof id !== 'string' || typeof epoch !== 'number' || read === undefined) return undefined;
  return {
    haltId: id as Halt['haltId'],
    scope: read,
    mode: isHaltMode(mode) ? mode : 'kill',
    epoch,
    by: typeof by === 'string' ? by : 'somebody',
    reason: typeof reason === 'string' ? reason : null,
    until: typeof until === 'number' ? until : null,
    lifted: lifted === true,
  };
}

/** Undefined: it names nobody. A scope with members that are not known here covers the fleet. */
function readScope(scope: JsonRecord): HaltScope | undefined {
  const { fleet, group = null, agent = null, tool = null, ...unknown } = scope;
  if (fleet === true || Object.keys(unknown).length > 0) return FLEET;
  if (group === null && agent === null && tool === null) return undefined;
  return { fleet: false, group, agent, tool } as HaltScope;
}

const FLEET: HaltScope = { fleet: true, group: null, agent: null, tool: null };

/** Stopping by the socket of this machine, with the key of the data folder, when nothing else works. */
import { parseDuration } from '@estop/gateway/domain/duration';
import { type HaltBody, type ScopeBody, scopeOfBody } from '@estop/gateway/domain/halt-body';
import type { HaltRequest } from '@estop/gateway/domain/next-halt';
import { LOCAL_OPERATOR } from '@estop/policy/domain/people';
import { isKeyOf } from '@estop/schemas/api-key';
import { isHaltMode } from '@estop/schemas/halts';
import { type Fields, fieldsOf, flagIn, objectIn, textIn } from '../domain/fields.ts';
import type { ControlAnswer } from './control-socket.ts';

const WAIT_MS_MAX = 60_000;
const SPAN_UNREADABLE = '`for` is a number with a unit, such as 30s, 15m, 2h or 7d';

/** What stops: a gateway, or before there is one who keeps it for that. */
export interface Stopper {
  stop(
    request: HaltRequest,
    waitMs: number,
  ): Promise<{ readonly halt: HaltBody; readonly isWritten: boolean; readonly isEarly?: true }>;
}

/** Takes what `POST /v1/halts` takes; needs neither HTTP nor an identity provider nor the log. */
export async function breakGlass(
  stopper: Stopper,
  operatorKeyHash: string,
  request: { readonly key: string; readonly body: unknown },
): Promise<ControlAnswer> {
  if (!isKeyOf(request.key, operatorKeyHash)) {
    return { status: 401, body: { detail: 'this is not the operator key of the data folder' } };
  }
  const fields = fieldsOf(request.body);
  const scope = scopeOfBody(scopeIn(objectIn(fields, 'scope')));
  if (typeof scope === 'string') return { status: 422, body: { detail: scope } };
  const mode = textIn(fields, 'mode');
  if (!isHaltMode(mode)) return { status: 422, body: { detail: 'mode is pause, drain or kill' } };
  const forMs = spanIn(fields, 'for');
  if (forMs === undefined) return { status: 422, body: { detail: SPAN_UNREADABLE } };
  const about = { scope, mode, reason: textIn(fields, 'reason'), by: LOCAL_OPERATOR.id };
  const order = { ...about, forMs };
  const waitMs = Math.min(spanIn(fields, 'wait') ?? 0, WAIT_MS_MAX);
  const { halt, isWritten, isEarly = false } = await stopper.stop(order, waitMs);
  return { status: isWritten ? 201 : 202, body: isEarly ? { ...halt, isEarly } : halt };
}

function scopeIn(scope: Fields): ScopeBody {
  const [group, agent, tool] = ['group', 'agent', 'tool'].map((name) => textIn(scope, name));
  return {
    ...(flagIn(scope, 'fleet') ? { fleet: true as const } : {}),
    ...(typeof group === 'string' ? { group } : {}),
    ...(typeof agent === 'string' ? { agent } : {}),
    ...(typeof tool === 'string' ? { tool } : {}),
  };
}

/** Null: none; undefined: one that cannot be read. */
function spanIn(fields: Fields, name: string): number | null | undefined {
  const span = fields[name] ?? null;
  if (span === null) return null;
  return typeof span === 'string' ? parseDuration(span) : undefined;
}

/** A halt as it is kept in a file, which may be torn or edited: every field is looked at. */
import { scopeOfBody } from '@estop/gateway/domain/halt-body';
import { isHaltMode } from '@estop/schemas/halts';
import { parseHaltId } from '@estop/schemas/ids';
import type { Halt } from '@estop/schemas/messages';
import { type Fields, fieldsOf, isFields, numberIn, textIn } from '../domain/fields.ts';

/** The next epochs are exact, too. */
const EPOCH_MAX = 2 ** 52;
/** As far as dates of JavaScript reach. */
const TIME_MS_MAX = 8_640_000_000_000_000;

/** Undefined: this is no halt. */
export function keptHalt(value: unknown): Halt | undefined {
  const fields = fieldsOf(value);
  const haltId = parseHaltId(textIn(fields, 'haltId') ?? '');
  const scope = isFields(fields['scope']) ? scopeIn(fields['scope']) : undefined;
  const mode = textIn(fields, 'mode');
  const epoch = wholeIn(fields, 'epoch', EPOCH_MAX);
  const by = textIn(fields, 'by');
  const reason = fields['reason'];
  const until = fields['until'] === null ? null : wholeIn(fields, 'until', TIME_MS_MAX);
  const lifted = fields['lifted'];
  if (haltId === undefined || scope === undefined || !isHaltMode(mode) || !by) return undefined;
  if (epoch === undefined || until === undefined || typeof lifted !== 'boolean') return undefined;
  if (reason !== null && typeof reason !== 'string') return undefined;
  const killers = namesIn(fields['killers']);
  return { haltId, scope, mode, epoch, by, reason, until, lifted, killers };
}

/** Each part is there, if only as null: a part that got lost would make of it another scope. */
function scopeIn(fields: Fields): Halt['scope'] | undefined {
  const { fleet } = fields;
  const [group, agent, tool] = ['group', 'agent', 'tool'].map((name) => fields[name]);
  if (typeof fleet !== 'boolean') return undefined;
  if (!isNamed(group) || !isNamed(agent) || !isNamed(tool)) return undefined;
  const scope = scopeOfBody({
    ...(fleet ? { fleet: true as const } : {}),
    ...(group === null ? {} : { group }),
    ...(agent === null ? {} : { agent }),
    ...(tool === null ? {} : { tool }),
  });
  return typeof scope === 'string' ? undefined : scope;
}

/** Who cannot be read is left out: the halt counts all the same. */
function namesIn(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((name) => typeof name === 'string');
}

function isNamed(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function wholeIn(fields: Fields, name: string, max: number): number | undefined {
  const value = numberIn(fields, name);
  const isWhole = value !== null && Number.isInteger(value) && value >= 0 && value <= max;
  return isWhole ? value : undefined;
}

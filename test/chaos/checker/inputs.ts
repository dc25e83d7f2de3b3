/**
 * Every input was taken exactly once: it is the cause of one audit record, or it asks again what was
 * decided, or it is a dead letter. What is none of these is the backlog, which must be empty.
 */
import type { DeadLetter, Intent } from '@estop/schemas/messages';
import type { Answers } from './answers.ts';
import type { ValidRecord } from './chain.ts';
import { type Decoded, decodeTopic } from './decoding.ts';
import { type History, placeOf, type Violation } from './history.ts';

type Inputs = Pick<History, 'records' | 'poison'>;

export function checkInputs(
  { records, poison }: Inputs,
  valid: readonly ValidRecord[],
  answers: Answers,
): readonly Violation[] {
  const letters = decodeTopic('dead-letters.v1', records['dead-letters.v1']).good;
  const dead = new Set(letters.map(({ message }) => placeOf(message)));
  const poisoned = new Set(poison.map(placeOf));
  const { violations, causes } = causesOf(valid);
  const intents = decodeTopic('intents.v1', records['intents.v1']);
  return [
    ...violations,
    ...checkPoison(poisoned, dead, causes),
    ...checkLetters(letters, poisoned),
    ...checkBacklog(intents.good, { dead, poisoned, causes, answers }),
    ...intents.bad
      .map((at) => placeOf({ topic: 'intents.v1', ...at }))
      .filter((place) => !dead.has(place))
      .map((place) => ({ rule: 'input-lost', place, text: 'is unreadable and no dead letter' })),
  ];
}

function causesOf(valid: readonly ValidRecord[]): {
  readonly violations: readonly Violation[];
  readonly causes: ReadonlyMap<string, string>;
} {
  const violations: Violation[] = [];
  const causes = new Map<string, string>();
  const newest = new Map<string, number>();
  for (const { at, record } of valid) {
    const { cause } = record;
    // Ticks and takeovers have no offset.
    if (cause.offset < 0) continue;
    const place = placeOf({ topic: 'audit.v1', ...at });
    // Halts and bundles reach every partition, once each.
    const input = `${placeOf(cause)} in ${at.partition}`;
    const lane = `${cause.topic} in ${at.partition}`;
    const before = newest.get(lane) ?? -1;
    if (cause.offset <= before) {
      const text = `${placeOf(cause)} was taken again, or after ${before}`;
      violations.push({ rule: 'input-taken-twice', place, text });
    }
    newest.set(lane, Math.max(before, cause.offset));
    causes.set(input, place);
  }
  return { violations, causes };
}

function checkPoison(
  poisoned: ReadonlySet<string>,
  dead: ReadonlySet<string>,
  causes: ReadonlyMap<string, string>,
): readonly Violation[] {
  return [...poisoned].flatMap((place) => {
    const partition = /\/(\d+)@/.exec(place)?.[1];
    const taken = causes.get(`${place} in ${partition}`);
    if (taken !== undefined) {
      return [{ rule: 'poison-taken', place: taken, text: `${place} was decided` }];
    }
    if (dead.has(place)) return [];
    return [{ rule: 'poison-lost', place, text: 'is no dead letter' }];
  });
}

function checkLetters(
  letters: readonly Decoded<DeadLetter>[],
  poisoned: ReadonlySet<string>,
): readonly Violation[] {
  return letters
    .filter(({ message }) => !poisoned.has(placeOf(message)))
    .map(({ message }) => {
      const text = `${message.reason}: ${message.detail}`;
      return { rule: 'dead-letter-unexplained', place: placeOf(message), text };
    });
}

interface Taken {
  readonly dead: ReadonlySet<string>;
  readonly poisoned: ReadonlySet<string>;
  readonly causes: ReadonlyMap<string, string>;
  readonly answers: Answers;
}

/** Asked again under the same id, an intent needs no record of its own. */
function checkBacklog(
  intents: readonly Decoded<Intent>[],
  { dead, poisoned, causes, answers }: Taken,
): readonly Violation[] {
  return intents.flatMap(({ at, message }) => {
    const place = placeOf({ topic: 'intents.v1', ...at });
    if (dead.has(place) || poisoned.has(place)) return [];
    if (causes.has(`${place} in ${at.partition}`)) return [];
    const key = `${message.agentId} ${message.intentId}`;
    if (answers.isKnown(key)) return [];
    return [{ rule: 'input-lost', place, text: `${key} was never decided` }];
  });
}

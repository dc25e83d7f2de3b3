/** Every intent has one final decision, and every answer that was given stands in the log. */
import type { AuditRecordEvent, Decision } from '@estop/schemas/messages';
import type { ValidRecord } from './chain.ts';
import type { Decoded } from './decoding.ts';
import { type Acknowledged, type Outage, placeOf, type Violation } from './history.ts';

type Verdict = Decision['decision'];

interface Answer {
  readonly key: string;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly place: string;
  readonly timestampMs: number;
}

/** The answers of the audit: by where they stand, and by intent. */
export class Answers {
  readonly #byPlace = new Map<string, readonly Answer[]>();
  readonly #finalsByKey = new Map<string, Answer[]>();
  readonly #pendingByKey = new Map<string, Answer>();

  constructor(valid: readonly ValidRecord[]) {
    for (const entry of valid) this.#take(entry);
  }

  #take({ at, record }: ValidRecord): void {
    const place = placeOf({ topic: 'audit.v1', ...at });
    const answers = record.events.flatMap((event) => {
      const said = verdictOf(event);
      if (said === undefined) return [];
      const key = `${record.subject} ${said.intentId}`;
      return [{ key, ...said, place, timestampMs: at.timestampMs }];
    });
    this.#byPlace.set(place, answers);
    for (const answer of answers) {
      if (answer.verdict === 'needs-approval') this.#pendingByKey.set(answer.key, answer);
      else this.#finalsByKey.set(answer.key, [...this.finals(answer.key), answer]);
    }
  }

  finals(key: string): readonly Answer[] {
    return this.#finalsByKey.get(key) ?? [];
  }

  get finalCount(): number {
    return this.#finalsByKey.size;
  }

  isKnown(key: string): boolean {
    return this.#finalsByKey.has(key) || this.#pendingByKey.has(key);
  }

  /** The answer on an intent in one record; null: the record is valid but says nothing of it. */
  at(place: string, key: string): Answer | null | undefined {
    const answers = this.#byPlace.get(place);
    if (answers === undefined) return undefined;
    return answers.find((answer) => answer.key === key) ?? null;
  }

  /** No intent has two final decisions, and what waited for a person has ended. */
  checkFinality(): readonly Violation[] {
    const doubled = [...this.#finalsByKey].flatMap(([key, finals]) =>
      finals.slice(1).map((again) => {
        const text = `${key} was decided at ${finals[0]?.place} already`;
        return { rule: 'decided-twice', place: again.place, text };
      }),
    );
    const open = [...this.#pendingByKey]
      .filter(([key]) => this.finals(key).length === 0)
      .map(([key, { place }]) => ({ rule: 'never-final', place, text: `${key} is still pending` }));
    return [...doubled, ...open];
  }

  /** What agents were told stands where they were told, says the same, and became final. */
  checkAcknowledged(acknowledged: readonly Acknowledged[]): readonly Violation[] {
    return acknowledged.flatMap((told) => {
      const key = `${told.agentId} ${told.intentId}`;
      const place = placeOf({ topic: 'audit.v1', ...told.record });
      const found = this.at(place, key);
      if (found === undefined) return [lost(place, `${key} was acknowledged; no valid record`)];
      if (found === null) return [lost(place, `${key} was acknowledged; the record is another's`)];
      const said = `${told.decision} ${told.reason}`;
      const written = `${found.verdict} ${found.reason}`;
      if (said !== written) {
        const text = `${key} was told ${said}, the log says ${written}`;
        return [{ rule: 'acknowledged-differs', place, text }];
      }
      if (this.finals(key).length > 0) return [];
      return [lost(place, `${key} was acknowledged and has no final decision`)];
    });
  }

  /** While too few brokers lived, nothing new was allowed: only what was written before. */
  checkOutages(
    acknowledged: readonly Acknowledged[],
    outages: readonly Outage[],
  ): readonly Violation[] {
    return acknowledged.flatMap((told) => {
      const outage = outages.find(
        ({ fromMs, untilMs }) => told.answeredAtMs >= fromMs && told.answeredAtMs <= untilMs,
      );
      if (outage === undefined || told.decision !== 'allow') return [];
      const place = placeOf({ topic: 'audit.v1', ...told.record });
      const found = this.at(place, `${told.agentId} ${told.intentId}`);
      if (found && found.timestampMs < outage.fromMs) return [];
      const text = `${told.agentId} ${told.intentId} was allowed while the log could not be written`;
      return [{ rule: 'failed-open', place, text }];
    });
  }

  /** decisions.v1 repeats the audit: the same verdict, not before its record, and all of them. */
  checkProjection(decisions: readonly Decoded<Decision>[]): readonly Violation[] {
    const violations: Violation[] = [];
    const published = new Set<string>();
    for (const { at, message } of decisions) {
      const place = placeOf({ topic: 'decisions.v1', ...at });
      const key = `${message.agentId} ${message.intentId}`;
      const cause = placeOf({ topic: 'audit.v1', ...message.record });
      const found = this.at(cause, key);
      if (!found) {
        const text = `${key} rests on ${cause}, which says nothing of it`;
        violations.push({ rule: 'decision-without-record', place, text });
      } else if (found.verdict !== message.decision || found.reason !== message.reason) {
        const text = `${key} is ${message.decision} ${message.reason} here`;
        const written = `${found.verdict} ${found.reason} at ${cause}`;
        violations.push({ rule: 'decision-differs', place, text: `${text}, ${written}` });
      } else if (at.timestampMs < found.timestampMs) {
        const text = `${key} was published before ${cause} was written`;
        violations.push({ rule: 'decision-before-record', place, text });
      }
      published.add(`${cause} ${key}`);
    }
    for (const finals of this.#finalsByKey.values()) {
      for (const { place, key } of finals) {
        if (published.has(`${place} ${key}`)) continue;
        violations.push({ rule: 'never-published', place, text: `${key} is not in decisions.v1` });
      }
    }
    return violations;
  }
}

function lost(place: string, text: string): Violation {
  return { rule: 'acknowledged-lost', place, text };
}

function verdictOf(
  event: AuditRecordEvent,
): { intentId: string; verdict: Verdict; reason: string } | undefined {
  switch (event.type) {
    case 'IntentAllowed':
      return { intentId: event.intentId, verdict: 'allow', reason: event.reason };
    case 'IntentDenied':
      return { intentId: event.intentId, verdict: 'deny', reason: event.reason };
    case 'ApprovalRequested':
      return { intentId: event.intentId, verdict: 'needs-approval', reason: event.reason };
    default:
      return undefined;
  }
}

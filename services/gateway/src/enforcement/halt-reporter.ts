/**
 * Writes to the log who has confirmed a halt: the gateway that said it waits until its enforcement
 * points have, or are fenced, and reports once.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog } from '@estop/log/port';
import { GATEWAY_SERVICE } from '@estop/policy/domain/people';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import { parseCommandId, parsePersonId, personSubject } from '@estop/schemas/ids';
import type { Halt } from '@estop/schemas/messages';
import { confirmationsBody } from '../domain/confirmations-body.ts';
import type { EnforcementPoints } from './points.ts';

/** Longer than any lease: who is silent then is reported as silent. */
const SETTLED_MS_MAX = 15_000;
/**
 * Reports on their way; of more halts than that at a time the rest is told by the answer alone. And
 * reports that are remembered, since each word of a halt is reported once.
 */
const REPORTS_MAX = 1_000;
const RETRY_MS = 2_000;

export interface HaltReporterDeps {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly points: EnforcementPoints;
  /** Fires when the gateway closes. */
  readonly closing: AbortSignal;
}

export class HaltReporter {
  readonly #deps: HaltReporterDeps;
  #underWay = 0;
  /** Words of halts, the newest last. */
  readonly #reported = new Set<string>();

  constructor(deps: HaltReporterDeps) {
    this.#deps = deps;
  }

  /** Reports in its time; never waits, never throws. */
  report(halt: Halt): void {
    const { points, logger } = this.#deps;
    const { haltId, epoch } = halt;
    const word = `${haltId} ${epoch}`;
    if (this.#reported.has(word)) return;
    if (this.#underWay >= REPORTS_MAX) {
      logger.warn({ haltId }, 'too many halts at a time: not reported');
      return;
    }
    this.#remember(word);
    this.#underWay += 1;
    points.hold(halt);
    void this.#reportSettled(halt).finally(() => {
      this.#underWay -= 1;
      points.release(halt);
    });
  }

  #remember(word: string): void {
    this.#reported.add(word);
    for (const oldest of this.#reported) {
      if (this.#reported.size <= REPORTS_MAX) break;
      this.#reported.delete(oldest);
    }
  }

  async #reportSettled(halt: Halt): Promise<void> {
    const { points, closing, logger } = this.#deps;
    await points.untilSettled(halt, SETTLED_MS_MAX, closing);
    const confirmations = points.confirmations(halt) ?? [];
    const { byPoint: _, ...counts } = confirmationsBody(confirmations);
    for (let isTold = false; !closing.aborted; ) {
      try {
        return await this.#write(halt, counts);
      } catch (error) {
        const { haltId } = halt;
        if (!isTold) logger.warn({ haltId, error: messageOf(error) }, 'report waits for the log');
        isTold = true;
        await sleep(RETRY_MS, undefined, { signal: closing }).catch(() => undefined);
      }
    }
  }

  async #write(
    { haltId, epoch, by }: Halt,
    counts: Omit<ReturnType<typeof confirmationsBody>, 'byPoint'>,
  ): Promise<void> {
    const { log } = this.#deps;
    const person = parsePersonId(by);
    const commandId = parseCommandId(randomUUID());
    if (person === undefined || commandId === undefined) return;
    const subject = personSubject(person);
    const body = { type: 'ReportHalt', haltId, epoch, ...counts } as const;
    const about = { commandId, subject, by: GATEWAY_SERVICE, reason: null };
    const value = log.codec('commands.v1').encode({ ...about, body });
    const partition = partitionOfKey(subject, log.partitions);
    await log.publish('commands.v1', partition, { key: subject, value });
  }
}

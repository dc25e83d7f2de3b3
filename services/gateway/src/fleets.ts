/** Putting a fleet into force: check, write the content under its hash, then name it as active. */

import { setTimeout as pause } from 'node:timers/promises';
import type { EventLog } from '@estop/log/port';
import type { PersonId, PolicyHash } from '@estop/schemas/ids';
import { watchAudit } from './audit-watch.ts';
import type { Limits } from './config.ts';
import { ProblemError } from './problems.ts';
import {
  ACTIVE_KEY,
  type FleetChecker,
  type FleetFault,
  type FleetFiles,
  type FleetState,
} from './read-models/fleet-state.ts';

const POLL_MS = 10;

export interface FleetDeskDeps {
  readonly log: EventLog;
  readonly limits: Limits;
  readonly fleet: FleetState;
  readonly checkFleet: FleetChecker;
}

export interface PutFleet {
  readonly hash: PolicyHash;
  /** False: it was in force already, and nothing was written. */
  readonly changed: boolean;
  readonly warnings: readonly FleetFault[];
  /** Partitions of the audit log that had recorded it as active when this was answered. */
  readonly applied: { readonly recorded: number; readonly partitions: number };
}

export class FleetDesk {
  readonly #deps: FleetDeskDeps;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: FleetDeskDeps) {
    this.#deps = deps;
  }

  /** One after the other. Rejects with ProblemError `fleet-invalid`; the old fleet stays then. */
  put(files: FleetFiles, by: PersonId): Promise<PutFleet> {
    const turn = this.#last.then(() => this.#put(files, by));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #put(files: FleetFiles, by: PersonId): Promise<PutFleet> {
    const { log, limits, fleet, checkFleet } = this.#deps;
    const verdict = await checkFleet(new Map(Object.entries(files)));
    if (!verdict.ok) throw fleetProblem(verdict.problems);
    const { warnings } = verdict;
    const { hash } = verdict.bundle;
    fleet.remember(verdict.bundle);
    const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
    if (fleet.active?.hash === hash) {
      const applied = { recorded: log.partitions, partitions: log.partitions };
      return { hash, changed: false, warnings, applied };
    }
    const watch = await watchAudit(log, partitions);
    const codec = log.codec('policies.v1');
    await log.append('policies.v1', 0, [
      { key: hash, value: codec.encode({ hash, files, by }) },
      { key: ACTIVE_KEY, value: codec.encode({ hash, files: null, by }) },
    ]);
    await this.#known(hash);
    const applied = await watch.countRecorded(
      (event) => event.type === 'FleetActivated' && event.hash === hash,
      limits.fleetAppliedMs,
    );
    return { hash, changed: true, warnings, applied };
  }

  /** Resolves when this gateway uses the fleet itself, or after the time it may take. */
  async #known(hash: PolicyHash): Promise<void> {
    const { fleet, limits } = this.#deps;
    const signal = AbortSignal.timeout(limits.fleetAppliedMs);
    while (fleet.active?.hash !== hash && !signal.aborted) await pause(POLL_MS);
  }
}

/** Every fault with its file and line; the pointer leads to the file in the request. */
export function fleetProblem(faults: readonly FleetFault[]): ProblemError {
  const count = faults.length === 1 ? 'one error' : `${faults.length} errors`;
  return new ProblemError('fleet-invalid', `the fleet has ${count}; the old one stays in force`, {
    errors: faults.map((fault) => ({
      pointer: `/files/${fault.file.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      detail: describeFault(fault),
      ...fault,
    })),
  });
}

function describeFault({ file, line, column, message, hint }: FleetFault): string {
  return `${file}:${line}:${column}: ${message}${hint === undefined ? '' : `; ${hint}`}`;
}

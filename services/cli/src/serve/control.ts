/** The control socket of a process that starts: it can do more the more of the process is there. */
import { type PartitionVerdict, verifyLog } from '@estop/audit/verify';
import type { Gateway } from '@estop/gateway/main';
import type { EventLog } from '@estop/log/port';
import type { PolicyService } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import { EstopError, messageOf } from '@estop/schemas/errors';
import { breakGlass } from './break-glass.ts';
import { type ControlHandlers, openControlSocket } from './control-socket.ts';
import { EarlyHalts } from './early-halts.ts';
import type { OperatorKey } from './operator-key.ts';
import type { Shared } from './shared.ts';
import { unwrittenFile } from './unwritten-file.ts';

export class Control {
  readonly #shared: Shared;
  /** Null: no gateway runs here. */
  readonly #operator: OperatorKey | null;
  readonly early: EarlyHalts;
  #log: EventLog | undefined;
  #policy: PolicyService | undefined;
  #gateway: Pick<Gateway, 'stop'> | undefined;

  constructor(shared: Shared, operator: OperatorKey | null) {
    const { context, logger } = shared;
    this.#shared = shared;
    this.#operator = operator;
    const unwritten = unwrittenFile(context.data.path, logger);
    this.early = new EarlyHalts({ clock: systemClock, logger, unwritten });
  }

  /**
   * This machine may ask from now on. Rejects with `log-locked` where another gateway runs on the data
   * folder; of several processes that decide one is asked.
   */
  async open(): Promise<void> {
    const { context, scope, logger } = this.#shared;
    const handlers = { verify: () => this.#verify(), halt: this.#halt() };
    const name = handlers.halt === null ? 'policy' : 'control';
    const opening = scope.open(
      'control socket',
      () => openControlSocket(context.data, name, handlers),
      (opened) => opened.close(),
    );
    await opening.catch((error: unknown) => {
      const isTaken = error instanceof EstopError && error.code === 'log-locked';
      if (name === 'control' || !isTaken) throw error;
      logger.warn({ error: messageOf(error) }, '`estop verify` asks the other process');
    });
  }

  hasLog(log: EventLog): void {
    this.#log = log;
  }

  hasPolicy(policy: PolicyService | undefined): void {
    this.#policy = policy;
  }

  /** It has read what was said early. */
  hasGateway(gateway: Pick<Gateway, 'stop'>): void {
    this.#gateway = gateway;
  }

  #halt(): ControlHandlers['halt'] {
    const operator = this.#operator;
    if (operator === null) return null;
    return (key, body) => breakGlass(this.#gateway ?? this.early, operator.hash, { key, body });
  }

  /** The live states are all asked for first: each is given between two turns of its partition. */
  async #verify(): Promise<readonly PartitionVerdict[]> {
    const [log, policy] = [this.#log, this.#policy];
    if (log === undefined) throw new EstopError('log-unavailable', 'the log is not open yet');
    const states = (policy?.partitions() ?? []).map(
      (partition) => [partition, policy?.liveState(partition)] as const,
    );
    const stateOf = new Map(states);
    return verifyLog(log, async (partition) => stateOf.get(partition));
  }
}

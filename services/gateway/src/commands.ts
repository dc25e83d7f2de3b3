/** Orders of people: written to commands.v1, answered by the view of whom they are about. */
import { randomUUID } from 'node:crypto';
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog } from '@estop/log/port';
import {
  type CommandId,
  type PersonId,
  parseCommandId,
  parseSubject,
  type SubjectId,
} from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { Command, CommandBody } from '@estop/schemas/messages';
import type { Limits } from './config.ts';
import { type ProblemCode, ProblemError } from './problems.ts';
import type { AgentTable, CommandAnswer } from './read-models/agent-table.ts';

/** Commands that wait for their answer. */
const COMMANDS_MAX = 1_000;

const CODE_OF_REFUSAL: Readonly<Record<string, ProblemCode>> = {
  'not-found': 'not-found',
  conflict: 'conflict',
  forbidden: 'forbidden',
  invalid: 'invalid-request',
};

/** Why an order may be refused, for the description of the routes that give one. */
export const ORDER_PROBLEMS = [
  'not-found',
  'conflict',
  'not-answered',
  'log-unavailable',
  'overloaded',
] as const satisfies readonly ProblemCode[];

export interface Order {
  readonly subject: SubjectId;
  readonly by: PersonId;
  readonly reason: string | null;
  readonly body: CommandBody;
}

export class Commander {
  readonly #deps: {
    readonly log: EventLog;
    readonly agents: AgentTable;
    readonly limits: Limits;
  };
  #waiting = 0;

  constructor(deps: {
    readonly log: EventLog;
    readonly agents: AgentTable;
    readonly limits: Limits;
  }) {
    this.#deps = deps;
  }

  /**
   * Gives an order and waits until it was carried out. Rejects with ProblemError: why it was
   * refused, or `not-answered` when nobody answered in time; it may still be carried out then.
   */
  async order(order: Order): Promise<CommandAnswer> {
    if (this.#waiting >= COMMANDS_MAX) {
      throw new ProblemError('overloaded', `${COMMANDS_MAX} orders wait for their answer`);
    }
    this.#waiting += 1;
    try {
      const answered = await this.#give({ commandId: newCommandId(), ...order });
      const { code, message } = answered.answer;
      if (code === null) return answered;
      throw new ProblemError(CODE_OF_REFUSAL[code] ?? 'conflict', message);
    } finally {
      this.#waiting -= 1;
    }
  }

  #give(command: Command): Promise<CommandAnswer> {
    const { log, agents, limits } = this.#deps;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        forget();
        const detail = `the order was not answered within ${limits.commandMs} ms`;
        reject(new ProblemError('not-answered', detail));
      }, limits.commandMs);
      const forget = agents.onAnswer(command.commandId, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      const key = command.subject;
      const value = log.codec('commands.v1').encode(command);
      log
        .publish('commands.v1', partitionOfKey(addresseeOf(key), log.partitions), { key, value })
        .catch((error: unknown) => {
          clearTimeout(timer);
          forget();
          reject(error);
        });
    });
  }
}

/** Orders about a shared limit go to its home: the partition of its id. */
function addresseeOf(key: SubjectId): string {
  const subject = parseSubject(key);
  return subject?.kind === 'limit' ? subject.id : key;
}

function newCommandId(): CommandId {
  const commandId = parseCommandId(randomUUID());
  invariant(commandId !== undefined, 'a UUID is a command id');
  return commandId;
}

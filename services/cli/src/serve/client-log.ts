/**
 * What the client of Kafka has to say, in the log of the process. It repeats itself ten times a
 * second while a broker is gone: the same words are logged once in a while, with how often they came.
 */
import type { ClientConfig } from '@estop/log/kafka/client';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';

const AGAIN_MS = 10_000;
/** Different words that are remembered; above, the oldest are forgotten. */
const MESSAGES_MAX = 100;

interface Said {
  readonly atMs: number;
  unsaid: number;
}

export function createClientLog(
  logger: Logger,
  clock: Clock,
): NonNullable<ClientConfig['onClientLog']> {
  const saidByMessage = new Map<string, Said>();
  return ({ level, message, details }) => {
    const nowMs = clock.monotonicMs();
    const said = saidByMessage.get(message);
    if (said !== undefined && nowMs - said.atMs < AGAIN_MS) {
      said.unsaid += 1;
      return;
    }
    const { stack: _stack, ...facts } = details;
    logger[level]({ ...facts, ...(said?.unsaid ? { unsaid: said.unsaid } : {}) }, message);
    saidByMessage.delete(message);
    saidByMessage.set(message, { atMs: nowMs, unsaid: 0 });
    for (const oldest of saidByMessage.keys()) {
      if (saidByMessage.size <= MESSAGES_MAX) break;
      saidByMessage.delete(oldest);
    }
  };
}

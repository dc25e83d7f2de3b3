/** The log that the environment names: Kafka when there are brokers, else the embedded one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '@estop/log/port';
import { readConfig } from '@estop/runtime/config';
import { LOG_VARIABLES } from '@estop/runtime/variables';
import { EstopError } from '@estop/schemas/errors';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../domain/exit.ts';
import { kafkaSettings } from './kafka-settings.ts';
import type { OpenOptions } from './open-options.ts';

const MIB = 1024 * 1024;
const REOPEN_MS = 1_000;
const AWAY: readonly string[] = ['log-unavailable', 'registry-unavailable'];

/** Opens the log; throws EstopError `config-invalid`, `log-locked` or `log-unavailable`. */
export async function openLog(context: Context, options: OpenOptions): Promise<EventLog> {
  const kafka = kafkaSettings(context, options);
  // Each adapter is loaded only where it is used: both take their time.
  if (kafka !== null) {
    const { openKafkaLog } = await import('@estop/log/kafka/kafka-log');
    return openKafkaLog(kafka);
  }
  const { openEmbeddedLog } = await import('@estop/log/embedded/embedded-log');
  const config = readConfig(LOG_VARIABLES, context.io.env);
  return openEmbeddedLog({
    path: logFolder(context),
    partitions: config.ESTOP_PARTITIONS,
    diskReserveBytes: config.ESTOP_DISK_RESERVE_MIB * MIB,
    ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
  });
}

/**
 * Opens what cannot be reached yet, tried again until it can or the signal fires. Rejects at once for
 * any other trouble.
 */
export async function openWhenThere(
  open: () => Promise<EventLog>,
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: (line: string) => void },
): Promise<EventLog> {
  for (let isTold = false; ; isTold = true) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof EstopError) || !AWAY.includes(error.code)) throw error;
      const halt = '`estop halt --socket` stops meanwhile';
      if (!isTold) tell(`estop: ${error.message}: trying again until it answers; ${halt}`);
      await sleep(REOPEN_MS, undefined, { signal });
    }
  }
}

/** Opens a log that exists already; ends the command when there is none. */
export async function openExistingLog(context: Context): Promise<EventLog> {
  const isEmbedded = readConfig(LOG_VARIABLES, context.io.env).KAFKA_BROKERS === null;
  if (isEmbedded && !existsSync(logFolder(context))) {
    throw new CliError(EXIT.notFound, `there is no log in ${context.data.path}`);
  }
  return openLog(context, { createTopics: false });
}

function logFolder(context: Context): string {
  return join(context.data.path, 'log');
}

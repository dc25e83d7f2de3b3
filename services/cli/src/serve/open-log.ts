/** The log that the environment names: Kafka when there are brokers, else the embedded one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EventLog } from '@estop/log/port';
import { readConfig } from '@estop/runtime/config';
import { LOG_VARIABLES } from '@estop/runtime/variables';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../domain/exit.ts';
import { kafkaSettings } from './kafka-settings.ts';
import type { OpenOptions } from './open-options.ts';

const MIB = 1024 * 1024;

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

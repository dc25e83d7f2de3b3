/** The composition root: which services run in this process, and what each of them is given. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBreaker } from '@estop/breaker/main';
import { startDemo } from '@estop/demo/main';
import type { EventLog } from '@estop/log/port';
import { startPolicy } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import { readConfig } from '@estop/runtime/config';
import { createHealth } from '@estop/runtime/health';
import { runUntilStopped } from '@estop/runtime/lifecycle';
import { createLogger } from '@estop/runtime/logger';
import { createMetrics } from '@estop/runtime/metrics';
import { startStatusServer } from '@estop/runtime/status-server';
import { EstopError, messageOf } from '@estop/schemas/errors';
import type { Context } from '../context.ts';
import { ensureDataFolder } from '../data-folder.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { removeAddress, writeAddress } from './address-file.ts';
import { Control } from './control.ts';
import { ensureFleet } from './ensure-fleet.ts';
import { compileFiles, createFleetChecker, type FleetFiles } from './fleet.ts';
import { openLog, openWhenThere } from './open-log.ts';
import { ensureOperatorKey, type OperatorKey } from './operator-key.ts';
import type { ServiceName } from './service-names.ts';
import type { Shared } from './shared.ts';
import { startGateway } from './start-gateway.ts';

const VARIABLES = [
  'ESTOP_HOST',
  'ESTOP_PORT',
  'ESTOP_FLEET',
  'ESTOP_LOG_LEVEL',
  'ESTOP_OPERATOR_KEY',
  'ESTOP_URL',
  'ESTOP_KEY',
  'KAFKA_BROKERS',
] as const;

export interface ServeOptions {
  readonly services: readonly ServiceName[];
  /** A fleet folder to apply when another fleet, or none, is active. */
  readonly fleet?: string;
  /** 0 takes a free one; default: ESTOP_PORT. */
  readonly port?: number;
  /** Make the topics on Kafka that are missing; else `estop setup` has made them. */
  readonly createTopics: boolean;
}

/**
 * Runs services until the process is asked to stop, then drains them. Throws when they cannot be
 * started; answers the exit code: 1 when one of them could not go on.
 */
export async function serve(context: Context, options: ServeOptions): Promise<ExitCode> {
  const config = readConfig(VARIABLES, context.io.env);
  refuseHalfEmbedded(options.services, config.KAFKA_BROKERS !== null);
  const level = config.ESTOP_LOG_LEVEL;
  // People at a terminal are told in sentences; what services log is for when it goes wrong.
  const isQuiet = context.io.errIsTty && !context.io.env['ESTOP_LOG_LEVEL'];
  const logger = createLogger({ service: 'estop', level: isQuiet ? 'warn' : level });
  const host = { exit: context.io.exit, exitCode: EXIT.ok };
  const failure = new AbortController();
  const stop = AbortSignal.any([context.io.signal, failure.signal]);
  await runUntilStopped({ logger, stop, host }, async (scope) => {
    const shared: Shared = {
      context,
      scope,
      logger,
      metrics: createMetrics(),
      health: createHealth(),
      checkFleet: createFleetChecker(),
      host: config.ESTOP_HOST,
      port: options.port ?? config.ESTOP_PORT,
      version: readVersion(),
    };
    const operatorKey = config.ESTOP_OPERATOR_KEY;
    const isKafka = config.KAFKA_BROKERS !== null;
    const starting = { ...options, operatorKey, isKafka, initialFleet: config.ESTOP_FLEET };
    await startServices(shared, starting).catch((error: unknown) => {
      // Told to the person who started it, once everything is closed again.
      if (!scope.signal.aborted) failure.abort(error);
    });
  });
  if (failure.signal.aborted) throw failure.signal.reason;
  return host.exitCode === EXIT.ok ? EXIT.ok : EXIT.error;
}

interface StartOptions extends ServeOptions {
  readonly operatorKey: string | null;
  readonly initialFleet: string | null;
  readonly isKafka: boolean;
}

async function startServices(shared: Shared, options: StartOptions): Promise<void> {
  const { context } = shared;
  const runs = (name: ServiceName) => options.services.includes(name);
  if (!runs('gateway') && !runs('policy') && !runs('breaker')) {
    const { url, key } = context.gateway();
    return openDemo(shared, url, key);
  }
  // With Kafka and keys from the environment, nothing else makes it.
  ensureDataFolder(context.data);
  const operator = runs('gateway') ? ensureOperatorKey(context.data, options.operatorKey) : null;
  const control = new Control(shared, operator);
  const isAsked = runs('gateway') || runs('policy');
  // Kafka may be away for long. The embedded log is there at once, and holds the lock of the folder.
  if (options.isKafka && isAsked) await control.open();
  const log = await openLogFor(shared, {
    ...options,
    isWaiting: options.isKafka && runs('gateway'),
  });
  control.hasLog(log);
  if (!options.isKafka) await control.open();
  const policy = runs('policy') ? await openPolicy(shared, log) : undefined;
  control.hasPolicy(policy);
  if (runs('breaker')) await openBreaker(shared, log);
  if (operator === null) return openStatusServer(shared, log);
  return openGateway(shared, { ...options, log, operator, control });
}

/** Where a gateway waits for Kafka, this machine can halt by the control socket meanwhile. */
function openLogFor(
  { context, scope, logger }: Shared,
  { createTopics, isWaiting }: StartOptions & { readonly isWaiting: boolean },
): Promise<EventLog> {
  const open = () => openLog(context, { createTopics, logger, onFailure: scope.fail });
  const waiting = { signal: scope.signal, tell: (line: string) => context.note(line) };
  return scope.open(
    'log',
    () => (isWaiting ? openWhenThere(open, waiting) : open()),
    (opened) => opened.close(),
  );
}

function openPolicy(shared: Shared, log: EventLog) {
  const { scope, logger, metrics, version, checkFleet } = shared;
  const deps = { log, logger, registry: metrics.registry, version };
  const loadFleet = (files: FleetFiles) => compileFiles(checkFleet, files);
  return scope.open(
    'policy',
    () => startPolicy({ ...deps, loadFleet, clock: systemClock }),
    (started) => started.close(),
  );
}

function openBreaker({ scope, logger, metrics }: Shared, log: EventLog) {
  const deps = { log, logger, clock: systemClock, registry: metrics.registry };
  return scope.open(
    'breaker',
    () => startBreaker(deps),
    (started) => started.close(),
  );
}

async function openStatusServer(shared: Shared, log: EventLog): Promise<void> {
  const { context, scope, host, port, health, metrics } = shared;
  health.add({ name: 'log', check: () => log.ping() });
  const server = await scope.open(
    'status server',
    () => startStatusServer({ host, port, health, metrics }),
    (started) => started.close(),
  );
  await context.line(`estop ready http://${host}:${server.port}`);
}

interface GatewayOptions extends StartOptions {
  readonly log: EventLog;
  readonly operator: OperatorKey;
  readonly control: Control;
}

/** Serves, applies the fleet that is wanted, and only then says so. */
async function openGateway(shared: Shared, options: GatewayOptions): Promise<void> {
  const { context, scope } = shared;
  const { log, operator, control } = options;
  const gateway = await scope.open(
    'gateway',
    () => startGateway(shared, { log, operatorKeyHash: operator.hash, control }),
    (started) => started.close(),
  );
  const { url } = gateway;
  await scope.open(
    'address',
    () => writeAddress(context.data, url),
    () => removeAddress(context.data, url),
  );
  const choice = { wanted: options.fleet, initial: options.initialFleet };
  const fleet = await ensureFleet(shared, gateway, choice);
  await context.line(`estop ready ${url}`);
  announce(context, { url, fleet, log: log.kind });
  if (!options.services.includes('demo')) return;
  // A fleet without the demo's agents, say: no reason for estop itself not to run.
  await openDemo(shared, url, operator.key).catch((error: unknown) => {
    context.note(`estop: the demo does not run: ${messageOf(error)}`);
  });
}

async function openDemo(
  { context, scope }: Shared,
  url: string,
  operatorKey: string,
): Promise<void> {
  const keyFile = join(context.data.path, 'demo-keys.json');
  await scope.open(
    'demo',
    () => startDemo({ url, operatorKey, keyFile, tell: (line) => context.note(line) }),
    (started) => started.close(),
  );
}

interface Announced {
  readonly url: string;
  readonly fleet: string;
  readonly log: EventLog['kind'];
}

function announce(context: Context, { url, fleet, log }: Announced): void {
  const { data } = context;
  context.note(`  address  ${url}`);
  context.note(`  key      ${data.keyFile} (operator@local)`);
  context.note(`  fleet    ${fleet}`);
  context.note(`  log      ${log === 'kafka' ? 'Kafka' : data.path}`);
  context.note('  try      npx estop status   npx estop tail   npx estop approvals');
}

/** The embedded log is private to its process: gateway and policy run there, or nothing of it. */
function refuseHalfEmbedded(services: readonly ServiceName[], isKafka: boolean): void {
  const [gateway, policy, breaker] = (['gateway', 'policy', 'breaker'] as const).map((name) => {
    return services.includes(name);
  });
  const isHalf = gateway !== policy || (breaker === true && policy === false);
  if (isKafka || !isHalf) return;
  throw new EstopError(
    'config-invalid',
    'without Kafka, gateway, policy and breaker run in one process; serve them together, or set KAFKA_BROKERS',
  );
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const read: unknown = JSON.parse(text);
  const isPackage = typeof read === 'object' && read !== null && 'version' in read;
  return isPackage ? String(read.version) : '0';
}

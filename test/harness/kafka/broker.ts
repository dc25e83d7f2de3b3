// One broker: format its storage, start it, and do to it what a bad night does.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type BrokerAddress,
  type BrokerConfig,
  LOG4J2_XML,
  READY_LINE,
  serverProperties,
} from './broker-config.ts';
import { startJavaServer } from './java-server.ts';
import { type Sandbox, type SandboxProcess, tailOf } from './sandbox.ts';

const MAX_STOP_MS = 30_000;

export type Broker = {
  readonly id: number;
  /** The port it listens on for clients; behind a proxy, not the one clients are told. */
  readonly port: number;
  /** Of the latest process; changes with `restart`. */
  readonly pid: number;
  isRunning(): boolean;
  /** Sends the signal (default SIGKILL) and resolves when the process has ended. */
  kill(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Ends it in order if it runs, starts it on the same port and data, waits until ready. */
  restart(): Promise<void>;
  /** Freezes the process: its connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** The last lines of its log. */
  logTail(): Promise<string>;
};

export type BrokerOptions = {
  readonly sandbox: Sandbox;
  readonly java: string;
  readonly jarsDir: string;
  readonly jvmOptions: readonly string[];
  readonly clusterId: string;
  readonly formatArgs: readonly string[];
  readonly address: BrokerAddress;
  readonly all: readonly BrokerAddress[];
  readonly properties: Readonly<Record<string, string>>;
};

/** Formats the storage of a new broker and starts it. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { sandbox, address } = options;
  const output = join(sandbox.folder, `broker-${address.id}.log`);
  const configFile = await writeConfig(options);
  await formatStorage(options, configFile);
  let current = await launch(options, configFile, output);

  async function kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    send(current, signal);
    if (signal === 'SIGKILL') await current.ended;
    else await endInOrder(current);
  }

  async function restart(): Promise<void> {
    if (current.isRunning()) await kill('SIGTERM');
    current = await launch(options, configFile, output);
  }

  return {
    id: address.id,
    port: address.clients[0]?.port ?? 0,
    get pid() {
      return current.pid;
    },
    isRunning: () => current.isRunning(),
    kill,
    restart,
    pause: () => send(current, 'SIGSTOP'),
    resume: () => send(current, 'SIGCONT'),
    logTail: () => tailOf(output),
  };
}

async function writeConfig(options: BrokerOptions): Promise<string> {
  const { sandbox, address: self, all, properties } = options;
  const dataDir = join(sandbox.folder, `data-${self.id}`);
  const config: BrokerConfig = { self, all, dataDir, properties };
  const configFile = join(sandbox.folder, `server-${self.id}.properties`);
  await writeFile(configFile, serverProperties(config));
  await writeFile(join(sandbox.folder, 'log4j2.xml'), LOG4J2_XML);
  return configFile;
}

async function formatStorage(options: BrokerOptions, configFile: string): Promise<void> {
  const { sandbox, java, address, clusterId, formatArgs } = options;
  const output = join(sandbox.folder, `format-${address.id}.log`);
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', configFile];
  const args = [...javaArgs(options), ...tool, ...formatArgs];
  const { ended } = await sandbox.run({ command: java, args, output });
  const { code } = await ended;
  if (code === 0) return;
  throw new Error(`formatting broker ${address.id} failed:\n${await tailOf(output)}`);
}

async function launch(
  options: BrokerOptions,
  configFile: string,
  output: string,
): Promise<SandboxProcess> {
  const { sandbox, java, address } = options;
  // The log goes on after a restart: only what this start writes counts.
  const logStart = await sizeOf(output);
  return startJavaServer(sandbox, {
    title: `Kafka broker ${address.id}`,
    java,
    args: [...javaArgs(options), 'kafka.Kafka', configFile],
    cwd: sandbox.folder,
    output,
    isReady: async () => (await readFrom(output, logStart)).includes(READY_LINE),
  });
}

function javaArgs({ sandbox, jvmOptions, jarsDir }: BrokerOptions): string[] {
  const log4j = `-Dlog4j2.configurationFile=${join(sandbox.folder, 'log4j2.xml')}`;
  return [...jvmOptions, log4j, '-cp', join(jarsDir, '*')];
}

function send(target: SandboxProcess, signal: NodeJS.Signals): void {
  // Never signal a pid that has ended: the system may have given it to another process.
  if (target.isRunning()) process.kill(target.pid, signal);
}

/** A broker that has lost its quorum cannot end in order; it is killed after 30 s. */
async function endInOrder(target: SandboxProcess): Promise<void> {
  const patience = new AbortController();
  const tooLong = delay(MAX_STOP_MS, 'too-long', { signal: patience.signal });
  const outcome = await Promise.race([target.ended, tooLong]);
  if (outcome === 'too-long') {
    send(target, 'SIGKILL');
    await target.ended;
    return;
  }
  patience.abort();
  await tooLong.catch(() => {});
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

async function readFrom(file: string, start: number): Promise<string> {
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  return bytes.subarray(start).toString('utf8');
}

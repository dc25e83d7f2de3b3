/**
 * A gateway that starts while Kafka is away: what is halted by the socket of its machine is in force
 * when it serves.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildEstop } from '../../harness/build.ts';
import { type KafkaCluster, startKafkaCluster } from '../../harness/kafka/cluster.ts';
import { findFreePorts } from '../../harness/kafka/ports.ts';
import { openSandbox, type Sandbox } from '../../harness/kafka/sandbox.ts';
import { runCommand } from '../../harness/run-command.ts';
import { ServiceProcess } from '../../harness/service-process.ts';

let cluster: KafkaCluster;
let sandbox: Sandbox;

beforeAll(async () => {
  await buildEstop();
  cluster = await startKafkaCluster();
  sandbox = await openSandbox();
}, 180_000);

afterAll(async () => {
  await sandbox?.close();
  await cluster?.stop();
});

it('a gateway serves with what was halted while it waited for Kafka', async () => {
  const [port = 0] = await findFreePorts(1);
  const env = {
    KAFKA_BROKERS: cluster.bootstrap,
    ESTOP_LINK_KEY: 'a-link-key-of-32-characters-at-least',
    ESTOP_PARTITIONS: '2',
    ESTOP_PORT: String(port),
  };
  const { code } = await runCommand(['setup'], { ...env, ESTOP_DATA: join(sandbox.folder, 's') });
  expect(code).toBe(0);
  const gateway = new ServiceProcess({ name: 'gateway', service: 'gateway', sandbox, env });
  const data = { ESTOP_DATA: gateway.dataFolder };
  for (const broker of cluster.brokers) broker.pause();
  const started = gateway.start();
  const socket = join(gateway.dataFolder, 'control.sock');
  await vi.waitFor(() => expect(existsSync(socket)).toBe(true), 30_000);
  const halt = ['halt', '--fleet', '--mode', 'kill', '--socket', '-o', 'json'];
  const halted = await runCommand(halt, data);
  expect(halted.code).toBe(0);
  const { id } = JSON.parse(halted.out);
  for (const broker of cluster.brokers) broker.resume();
  await started;
  const key = readFileSync(join(gateway.dataFolder, 'operator.key'), 'utf8').trim();
  const headers = { authorization: `Bearer ${key}` };
  const answer = await fetch(`http://127.0.0.1:${port}/v1/halts`, { headers });
  expect(await answer.json()).toMatchObject({ halts: [{ id, mode: 'kill', lifted: false }] });
}, 120_000);

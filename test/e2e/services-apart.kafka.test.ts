/** Gateway and policy as processes of their own, as containers run them: keys from outside only. */
import { join } from 'node:path';
import { newApiKey } from '@estop/schemas/api-key';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEstop } from '../harness/build.ts';
import { type KafkaCluster, startKafkaCluster } from '../harness/kafka/cluster.ts';
import { findFreePorts } from '../harness/kafka/ports.ts';
import { openSandbox, type Sandbox } from '../harness/kafka/sandbox.ts';
import { runCommand } from '../harness/run-command.ts';
import { ServiceProcess } from '../harness/service-process.ts';

const PARTITIONS = 2;

let cluster: KafkaCluster;
let sandbox: Sandbox;
let env: Readonly<Record<string, string>>;
let policy: ServiceProcess;
let gateway: ServiceProcess;

beforeAll(async () => {
  await buildEstop();
  cluster = await startKafkaCluster();
  sandbox = await openSandbox();
  env = {
    KAFKA_BROKERS: cluster.bootstrap,
    ESTOP_LINK_KEY: 'a-link-key-of-32-characters-at-least',
    ESTOP_OPERATOR_KEY: newApiKey().key,
    ESTOP_PARTITIONS: String(PARTITIONS),
  };
  const { code } = await runCommand(['setup'], { ...env, ESTOP_DATA: join(sandbox.folder, 's') });
  expect(code).toBe(0);
  const [one = 0, two = 0] = await findFreePorts(2);
  const serve = (name: 'policy' | 'gateway', port: number) =>
    new ServiceProcess({ name, service: name, sandbox, env: { ...env, ESTOP_PORT: `${port}` } });
  policy = serve('policy', one);
  gateway = serve('gateway', two);
  await Promise.all([policy.start(), gateway.start()]);
});

afterAll(async () => {
  await sandbox?.close();
  await cluster?.stop();
});

/** How many live states `estop verify` compared, asked beside a process. */
async function comparedBy({ dataFolder }: ServiceProcess): Promise<number> {
  const verify = await runCommand(['verify', '-o', 'json'], { ...env, ESTOP_DATA: dataFolder });
  expect(verify.code, verify.out).toBe(0);
  const verdicts = verify.out.trim().split('\n');
  expect(verdicts).toHaveLength(PARTITIONS);
  return verdicts.filter((line) => JSON.parse(line).isLive === true).length;
}

describe('gateway and policy apart', () => {
  it('start without a data folder, and verify where the live state is', async () => {
    await expect.poll(() => comparedBy(policy), { timeout: 20_000 }).toBe(PARTITIONS);
    expect(await comparedBy(gateway)).toBe(0);
  });
});

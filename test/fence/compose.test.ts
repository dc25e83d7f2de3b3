import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '@estop/runtime/config';
import type { Variable } from '@estop/runtime/environment';
import { VARIABLES, type VariableName } from '@estop/runtime/variables';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { TOPOLOGIES } from './documents.ts';

interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly user?: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const compose: { readonly services: Readonly<Record<string, Container>> } = parse(
  read('docker-compose.yml'),
  { merge: true },
);
const dockerfile = read('infra/docker/Dockerfile');
const services = TOPOLOGIES.filter((one) => one.runs === 'service');
/** Containers of estop that stay, and the one-shot that prepares Kafka, each with its topology. */
const containers = [
  ...services.map((topology) => ({ name: topology.service, topology })),
  ...TOPOLOGIES.filter((one) => one.service === 'cli').map((topology) => ({
    name: 'setup',
    topology,
  })),
];

const withoutFile = (name: string) => name.replace(/_FILE$/, '');

describe('the compose file', () => {
  it('has one container for each service, and no other of our image but the one-shots', () => {
    const ours = Object.keys(compose.services).filter((name) => container(name).image === 'estop');
    const wanted = [...services.map((one) => one.service), 'keys', 'setup'];
    expect(ours.sort()).toEqual(wanted.sort());
  });

  it.each(services)('starts $service by name', ({ service }) => {
    expect(container(service).command).toEqual(['serve', service]);
  });

  it.each(containers)('sets for $name only variables that its topology reads', (one) => {
    const names = Object.keys(container(one.name).environment ?? {}).map(withoutFile);
    expect(one.topology.variables).toEqual(expect.arrayContaining(names));
  });

  it.each(containers)('gives $name values that its configuration accepts', ({ name, topology }) => {
    const environment = container(name).environment ?? {};
    const plain = Object.entries(environment).filter(([key]) => !key.endsWith('_FILE'));
    const keys = Object.keys(environment).filter((key) => key.endsWith('_FILE'));
    const samples = keys.map((key) => [withoutFile(key), 'k'.repeat(32)] as const);
    const readable = topology.variables.filter((variable) => variable !== 'ESTOP_OPERATOR_KEY');
    expect(() =>
      readConfig(readable, { ...Object.fromEntries(plain), ...Object.fromEntries(samples) }),
    ).not.toThrow();
  });

  it('gives every service the same log, and says each value once', () => {
    const logs = ['policy', 'gateway', 'setup'].map((name) => {
      const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, ESTOP_LINK_KEY_FILE } =
        container(name).environment ?? {};
      return { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, ESTOP_LINK_KEY_FILE };
    });
    expect(new Set(logs.map((log) => JSON.stringify(log))).size).toBe(1);
    expect(logs[0]?.KAFKA_BROKERS).toBe('kafka:9092');
  });

  it('takes addresses of other containers that exist, at ports that they listen on', () => {
    const port = VARIABLES.ESTOP_PORT.fallback;
    expect(container('demo').environment?.['ESTOP_URL']).toBe(`http://gateway:${port}`);
    expect(container('gateway').ports).toEqual([`127.0.0.1:${port}:${port}`]);
    expect(container('kafka').environment?.['KAFKA_ADVERTISED_LISTENERS']).toContain('kafka:9092');
    expect(dockerfile).toContain(`EXPOSE ${port}`);
    expect(container('setup').depends_on).toHaveProperty('kafka');
    expect(container('setup').depends_on).toHaveProperty('registry');
  });

  it.each(services)('watches $service exactly when it listens', ({ service, http }) => {
    expect(container(service).healthcheck !== undefined).toBe(http !== null);
  });

  it.each(services)('starts $service after the topics and schemas are there', ({ service }) => {
    expect(container(service).depends_on?.['setup']?.condition).toBe(
      'service_completed_successfully',
    );
  });

  it('holds no secret: keys are made on the first start and read from files', () => {
    for (const name of Object.keys(compose.services)) {
      const inline = Object.keys(container(name).environment ?? {}).filter(isSecret);
      expect(inline).toEqual([]);
    }
  });
});

describe('the image', () => {
  it('runs the estop command, not as root', () => {
    expect(dockerfile).toContain('ENTRYPOINT ["node", "services/cli/bin/estop.mjs"]');
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(read('services/cli/package.json')).toContain('"estop": "./bin/estop.mjs"');
  });

  it('makes keys once that the configuration accepts, readable by their owner only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'estop-keys-'));
    try {
      const make = () =>
        execFileSync(process.execPath, [join(ROOT, 'infra/docker/make-keys.mjs'), folder], {
          stdio: 'ignore',
        });
      make();
      const environment = {
        ESTOP_LINK_KEY_FILE: join(folder, 'link.key'),
        ESTOP_OPERATOR_KEY_FILE: join(folder, 'operator.key'),
      };
      const names = ['ESTOP_LINK_KEY', 'ESTOP_OPERATOR_KEY'] as const;
      const first = readConfig(names, environment);
      expect(first.ESTOP_OPERATOR_KEY).toMatch(/^estop_/);
      make();
      expect(readConfig(names, environment)).toEqual(first);
      for (const file of Object.values(environment)) expect(statSync(file).mode & 0o077).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function container(name: string): Container {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
}

function isSecret(name: string): boolean {
  const variable: Variable<unknown> | undefined = VARIABLES[name as VariableName];
  return variable?.isSecret === true;
}

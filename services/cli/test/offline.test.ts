import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runLine } from './memory-io.ts';

const STARTER = fileURLToPath(new URL('../../../infra/fleet', import.meta.url));

function fleetFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'estop-fleet-'));
  mkdirSync(join(folder, 'policies'));
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return folder;
}

const FLEET = {
  'agents.yaml': 'agents:\n  a: { owner: dana@example.com, groups: [g] }\n',
  'tools.yaml': 'tools:\n  crm.read: { tier: read }\n',
  'people.yaml': 'people:\n  dana@example.com: { role: admin }\n',
  'limits.yaml':
    'budgets:\n  - { id: calls, scope: { agent: a }, unit: calls, ceiling: 2, window: 1h }\n',
  'policies/reads.cedar':
    '@id("reads")\npermit (principal, action in Action::"tier-read", resource);\n',
};

function lines(text: string): readonly Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('estop check', () => {
  it('accepts the starter fleet', async () => {
    const ran = await runLine(['check', STARTER]);
    expect(ran.err).not.toContain('problem');
    expect(ran.exitCode).toBe(0);
    expect(ran.out).toMatch(/13 agents, .* sha256:[0-9a-f]{64}\n$/);
  });

  it('lists problems as file:line:column: message, and ends with 3', async () => {
    const folder = fleetFolder({ ...FLEET, 'tools.yaml': 'tools:\n  crm.read: { tier: raed }\n' });
    const ran = await runLine(['check', folder]);
    expect(ran.exitCode).toBe(3);
    expect(ran.out).toMatch(/^tools\.yaml:2:\d+: .+$/m);
    const programs = await runLine(['check', folder, '-o', 'json']);
    expect(lines(programs.out)[0]).toMatchObject({
      severity: 'problem',
      file: 'tools.yaml',
      line: 2,
    });
  });

  it('says that a folder is not there', async () => {
    const ran = await runLine(['check', '/nowhere/fleet']);
    expect(ran.exitCode).toBe(3);
    expect(ran.out).toContain('cannot be read');
  });
});

describe('estop apply', () => {
  it('applies nothing that has problems', async () => {
    const folder = fleetFolder({ ...FLEET, 'agents.yaml': 'agents: 7\n' });
    const ran = await runLine(['apply', folder]);
    expect(ran.exitCode).toBe(1);
    expect(ran.err).toContain('nothing was applied');
  });
});

describe('estop backtest', () => {
  const intent = (id: string, at: number, more: object = {}) =>
    JSON.stringify({ id, agent: 'a', tool: 'crm.read', arguments: {}, at, ...more });

  async function backtest(recorded: readonly string[], args: readonly string[] = []) {
    const folder = fleetFolder(FLEET);
    writeFileSync(join(folder, 'in.jsonl'), recorded.join('\n'));
    const ran = await runLine(
      ['backtest', '--fleet', folder, '--intents', join(folder, 'in.jsonl'), ...args],
      { cwd: folder },
    );
    return { ...ran, folder };
  }

  it('decides on the recorded clock: ceilings fill and windows pass', async () => {
    const hour = 3_600_000;
    const ran = await backtest([
      intent('i1', 0),
      intent('i2', 1),
      intent('i3', 2),
      intent('i4', hour),
    ]);
    expect(ran.exitCode).toBe(0);
    expect(lines(ran.out)).toEqual([
      { id: 'i1', decision: 'allow', reason: 'permitted', rules: ['reads'], at: 0 },
      { id: 'i2', decision: 'allow', reason: 'permitted', rules: ['reads'], at: 1 },
      { id: 'i3', decision: 'deny', reason: 'budget-exhausted', rules: expect.any(Array), at: 2 },
      { id: 'i4', decision: 'allow', reason: 'permitted', rules: ['reads'], at: hour },
    ]);
    expect(ran.err).toContain('4 intents decided');
  });

  it('takes outcomes into account: what was cancelled is free again', async () => {
    const outcome = { outcome: { intentId: 'i1', status: 'cancelled' }, at: 1 };
    const ran = await backtest([
      intent('i1', 0),
      JSON.stringify(outcome),
      intent('i2', 2),
      intent('i3', 3),
    ]);
    expect(lines(ran.out).map((line) => line['decision'])).toEqual(['allow', 'allow', 'allow']);
    expect(ran.exitCode).toBe(0);
  });

  it('names wrong lines, decides the others, and ends with 2', async () => {
    const ran = await backtest([intent('i1', 0), '{"id":', '{"id":"i2","at":1}', intent('i3', 2)]);
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toMatch(/line 2: /);
    expect(ran.err).toContain('line 3: `agent` is missing');
    expect(lines(ran.out)).toHaveLength(2);
    expect(ran.err).toContain('2 lines could not be read');
  });

  it.each([
    [{ at: 'noon' }, '`at`'],
    [{ cost: { microUsd: 0.5 } }, '`cost`'],
    [{ provenance: { '/a': 'god' } }, '`provenance`'],
    [{ undo: { tool: 'x' } }, '`undo`'],
    [{ session: 'two words' }, '`session`'],
    [{ arguments: [] }, '`arguments`'],
  ])('refuses a line with %o', async (more, what) => {
    const ran = await backtest([intent('i1', 0, more)]);
    expect(ran.err).toContain(`line 1: ${what}`);
  });

  it('writes to a file when told to', async () => {
    const ran = await backtest([intent('i1', 0)], ['--out', 'out.jsonl']);
    expect(ran.out).toBe('');
    expect(lines(readFileSync(join(ran.folder, 'out.jsonl'), 'utf8'))).toHaveLength(1);
  });

  it('ends with 5 when there is no such file, and with 1 for a fleet with problems', async () => {
    const good = fleetFolder(FLEET);
    const gone = ['backtest', '--fleet', good, '--intents', join(good, 'gone.jsonl')];
    expect((await runLine(gone)).exitCode).toBe(5);
    const broken = fleetFolder({ ...FLEET, 'tools.yaml': 'tools: 7\n' });
    const ran = await runLine(['backtest', '--fleet', broken, '--intents', '-']);
    expect(ran.exitCode).toBe(1);
    expect(ran.err).toContain('tools.yaml:1:');
  });
});

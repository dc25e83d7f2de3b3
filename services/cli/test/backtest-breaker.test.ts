import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runLine } from './memory-io.ts';

const FLEET = {
  'agents.yaml': 'agents:\n  a: {}\n  b: {}\n',
  'tools.yaml': 'tools:\n  crm.read: { tier: read }\n  crm.save: { tier: write }\n',
  'people.yaml': 'people:\n  dana@example.com: { role: admin }\n',
  'policies/all.cedar': '@id("all")\npermit (principal, action, resource);\n',
};
const RESULT = `sha256:${'a'.repeat(64)}`;
const MINUTE_MS = 60_000;

function intent(id: string, at: number, more: object = {}): string {
  const asked = { id, agent: 'a', session: 's', tool: 'crm.read', arguments: {}, at };
  return JSON.stringify({ ...asked, ...more });
}

function outcome(intentId: string, at: number): string {
  return JSON.stringify({ outcome: { intentId, status: 'ok', resultDigest: RESULT }, at });
}

/** The same call with the same result, each second. */
function loop(times: number): readonly string[] {
  return Array.from({ length: times }, (_unused, n) => n).flatMap((n) => {
    return [intent(`i${n}`, n * 1_000), outcome(`i${n}`, n * 1_000 + 100)];
  });
}

async function backtest(
  recorded: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'estop-fleet-'));
  mkdirSync(join(folder, 'policies'));
  for (const [path, text] of Object.entries({ ...FLEET, ...files })) {
    writeFileSync(join(folder, path), text);
  }
  writeFileSync(join(folder, 'in.jsonl'), recorded.join('\n'));
  const ran = await runLine(
    ['backtest', '--fleet', folder, '--intents', join(folder, 'in.jsonl')],
    { cwd: folder },
  );
  expect(ran.exitCode, ran.err).toBe(0);
  return ran.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ decision, reason }) => `${decision} ${reason}`);
}

describe('estop backtest, with the breaker', () => {
  it('denies a recorded loop from the fourth same result on, and tries it again later', async () => {
    const decided = await backtest([
      ...loop(6),
      intent('other', 6_000, { agent: 'b' }),
      intent('probe', MINUTE_MS),
      intent('no-probe', MINUTE_MS, { tool: 'crm.save' }),
    ]);
    expect(decided).toEqual([
      ...Array.from({ length: 4 }, () => 'allow permitted'),
      'deny breaker-open',
      'deny breaker-open',
      'allow permitted',
      'allow permitted',
      'deny breaker-open',
    ]);
  });

  it('denies at the very time of the trip', async () => {
    const decided = await backtest([...loop(4), intent('next', 3_100)]);
    expect(decided.at(-1)).toBe('deny breaker-open');
  });

  it('denies nothing in shadow', async () => {
    const decided = await backtest(loop(6), {
      'breakers.yaml': 'agents:\n  a: { shadow: true }\n',
    });
    expect(decided).toEqual(Array.from({ length: 6 }, () => 'allow permitted'));
  });

  it('goes by breakers.yaml of the fleet', async () => {
    const decided = await backtest(loop(3), {
      'breakers.yaml': 'defaults: { loops: { sameResult: 2 } }\n',
    });
    expect(decided).toEqual(['allow permitted', 'allow permitted', 'deny breaker-open']);
  });

  it('asks a person of an agent that fell silent, while others go on', async () => {
    const reported = [0, 1, 2, 3, 4].flatMap((n) => {
      return [intent(`o${n}`, n, { session: `o${n}` }), outcome(`o${n}`, n)];
    });
    const others = Array.from({ length: 11 }, (_unused, n) => {
      return intent(`b${n}`, (n + 1) * MINUTE_MS, { agent: 'b', session: `s${n}` });
    });
    const save = intent('save', 11 * MINUTE_MS + 1, { tool: 'crm.save' });
    const decided = await backtest([...reported, intent('lost', 10), ...others, save]);
    expect(decided.at(-1)).toBe('needs-approval step-up');
    const earlier = intent('save', 10 * MINUTE_MS + 1, { tool: 'crm.save' });
    const early = [...reported, intent('lost', 10), ...others.slice(0, 10), earlier];
    expect((await backtest(early)).at(-1)).toBe('allow permitted');
  });
});

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ON_CALL, ROSTER, STRAY_AGENT } from '../src/domain/roster.ts';
import { type Demo, type DemoOptions, startDemo } from '../src/main.ts';
import { OPERATOR_KEY, type ScriptedGateway, startScriptedGateway } from './scripted-gateway.ts';

const UNTIL = { timeout: 10_000, interval: 10 };
const QUICK = { quietMs: 2_000, astrayMs: 600_000, strayGapMs: 300 };

let gateway: ScriptedGateway;
let folder: string;
let demo: Demo | undefined;

beforeEach(async () => {
  gateway = await startScriptedGateway();
  folder = mkdtempSync(join(tmpdir(), 'estop-demo-'));
});

afterEach(async () => {
  await demo?.close();
  demo = undefined;
  await gateway.close();
  rmSync(folder, { recursive: true });
});

async function start(options: Partial<DemoOptions> = {}): Promise<string[]> {
  const lines: string[] = [];
  demo = await startDemo({
    url: gateway.url,
    operatorKey: OPERATOR_KEY,
    keyFile: join(folder, 'demo-keys.json'),
    tell: (line) => void lines.push(line),
    pace: QUICK,
    speed: 50,
    ...options,
  });
  return lines;
}

describe('the demo', () => {
  it('issues each agent a key of its own, once for all starts', async () => {
    await start();
    await demo?.close();
    await start();
    const subjects = [...ROSTER.map((member) => member.agent), ON_CALL];
    expect(gateway.issued.toSorted()).toEqual(subjects.toSorted());
    expect(statSync(join(folder, 'demo-keys.json')).mode & 0o777).toBe(0o600);
  });

  it('shows what is let through, what waits, what hits a ceiling, the breaker and the halt', async () => {
    const lines = await start();
    const text = () => lines.join('\n');
    await vi.waitFor(() => {
      expect(text()).toMatch(/let through crm\.delete/);
      expect(text()).toMatch(/ceiling +crm\.delete/);
      expect(text()).toMatch(/waits +invoices\.send/);
      expect(text()).toMatch(/ceiling +payments\.send \$4900/);
      expect(text()).toMatch(/breaker +crm\.search \(breaker-open\)/);
    }, UNTIL);
    expect(text()).toContain(
      `the breaker opened ${STRAY_AGENT}: crm.search was called 4 times in a row; fewer than 4 are let pass`,
    );
    expect(text()).toContain(`npx estop breakers ${STRAY_AGENT}`);
    expect(text()).toContain(`npx estop halt ${STRAY_AGENT}`);
    expect(demo?.phase()).toBe('astray');
    gateway.halt(STRAY_AGENT);
    await vi.waitFor(() => expect(demo?.phase()).toBe('halted'), UNTIL);
    expect(text()).toMatch(/halted +crm/);
    expect(text()).toContain(`${STRAY_AGENT} has stopped`);
    expect(text()).not.toContain('the demo does it:');
  });

  it('halts the stray agent itself when nobody does, and the others work on', async () => {
    const lines = await start({ pace: { ...QUICK, astrayMs: 10_000 } });
    await vi.waitFor(() => expect(demo?.phase()).toBe('halted'), UNTIL);
    expect([...gateway.halted]).toEqual([STRAY_AGENT]);
    expect(lines.join('\n')).toContain('nobody did, so the demo does it:');
    expect(lines.join('\n')).toContain('breaker open; loop: 4 observed, 0 to 3 expected');
    expect(lines.join('\n')).toContain('13 of 13 enforcement points confirmed in 4 ms');
    const asked = () => gateway.toolsByAgent.get('mail-bot')?.length ?? 0;
    const before = asked();
    await vi.waitFor(() => expect(asked()).toBeGreaterThan(before), UNTIL);
  });

  it('does not say that the stray agent has stopped when the demo is', async () => {
    const lines = await start({ pace: { ...QUICK, strayGapMs: 600_000 } });
    await vi.waitFor(() => expect(lines.join('\n')).toContain('let through crm.search'), UNTIL);
    await demo?.close();
    expect(lines.join('\n')).not.toContain(`${STRAY_AGENT} has stopped`);
  });

  it('says so when the stray agent is still halted from before', async () => {
    gateway.halt(STRAY_AGENT);
    const lines = await start();
    await vi.waitFor(() => expect(lines.join('\n')).toContain('still stopped (halted)'), UNTIL);
    expect(gateway.toolsByAgent.get(STRAY_AGENT)).not.toContain('crm.delete');
  });
});

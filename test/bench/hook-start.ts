/**
 * What a coding agent waits for before each tool call: from the start of `estop hook` to its exit,
 * with one question to a gateway on this machine. The rival of the same run is `node -e 0`, which
 * takes turns with it.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EstopProcess } from '../e2e/estop-process.ts';
import { benchFleet } from './bench-fleet.ts';

const BIN = join(import.meta.dirname, '../../services/cli/bin/estop.mjs');
const HOOK = [BIN, 'hook', '--host', 'claude'];
const ROUNDS = 60;
const WARM_UPS = 5;

export interface HookStartRow {
  readonly nodeP50Ms: number;
  readonly hookP50Ms: number;
  readonly addedP50Ms: number;
  readonly ratio: number;
}

export async function benchHookStart(): Promise<HookStartRow> {
  const estop = new EstopProcess({ files: Object.fromEntries(benchFleet()), built: true });
  const home = mkdtempSync(join(tmpdir(), 'estop-bench-hook-'));
  try {
    await estop.start();
    const env = {
      ...process.env,
      HOME: home,
      XDG_CONFIG_HOME: '',
      ESTOP_URL: estop.url,
      ESTOP_KEY: await estop.agentKey('agent-1'),
    };
    const hookMs: number[] = [];
    const nodeMs: number[] = [];
    for (let round = 0; round < WARM_UPS + ROUNDS; round += 1) {
      const hook = await run(HOOK, event(round), env);
      if (hook.out !== '{}\n') throw new Error(`the hook said: ${hook.out}`);
      const node = await run(['-e', '0'], '', env);
      if (round < WARM_UPS) continue;
      hookMs.push(hook.ms);
      nodeMs.push(node.ms);
    }
    const [hookP50Ms, nodeP50Ms] = [median(hookMs), median(nodeMs)];
    const ratio = hookP50Ms / nodeP50Ms;
    return { nodeP50Ms, hookP50Ms, addedP50Ms: hookP50Ms - nodeP50Ms, ratio };
  } finally {
    await estop.dispose();
    rmSync(home, { recursive: true, force: true });
  }
}

function event(round: number): string {
  return JSON.stringify({
    session_id: 'bench',
    hook_event_name: 'PreToolUse',
    tool_name: 'tool.2',
    tool_input: { id: 'order-77', amountMicroUsd: 12, note: 'a line of text as agents write' },
    tool_use_id: `toolu_${round}`,
  });
}

async function run(
  args: readonly string[],
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly ms: number; readonly out: string }> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  child.stdin.end(input);
  await new Promise((resolve) => child.once('close', resolve));
  return { ms: performance.now() - startedMs, out };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

if (process.argv[1] === import.meta.filename) console.log(await benchHookStart());

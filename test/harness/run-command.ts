/** The estop command, run to its end. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '../..');
const BIN = join(REPOSITORY, 'services/cli/bin/estop.mjs');

export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly out: string }> {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: REPOSITORY,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  const code = await new Promise<number>((resolve) =>
    child.once('close', (ended) => resolve(ended ?? 1)),
  );
  return { code, out };
}

/** Everything that tests leave in the temp folder lies in one folder, which goes when they are over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Called by vitest before the first test. Answers what it calls after the last one. */
export function setup(): () => void {
  const before = process.env['TMPDIR'];
  // A short name: sockets lie in it, and the path of a socket is at most about 100 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'es-'));
  process.env['TMPDIR'] = folder;
  return () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}

/** Compiles the sources, for tests that start the built command as a user does. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const REPOSITORY = join(import.meta.dirname, '../..');
const COMPILER = 'node_modules/@typescript/native/bin/tsc';

/** Takes a second when nothing changed. Rejects with what the compiler says. */
export async function buildEstop(): Promise<void> {
  await promisify(execFile)(process.execPath, [COMPILER, '-b'], { cwd: REPOSITORY });
}

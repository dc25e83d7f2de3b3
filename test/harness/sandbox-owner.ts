// A process that opens a sandbox with one sleeping child and waits to be killed.
import { join } from 'node:path';
import { openSandbox } from './kafka/sandbox.ts';

const sandbox = await openSandbox();
await sandbox.run({
  command: process.execPath,
  args: ['-e', 'setInterval(() => {}, 60_000)', sandbox.folder],
  output: join(sandbox.folder, 'child.log'),
});
process.stdout.write('ready\n');

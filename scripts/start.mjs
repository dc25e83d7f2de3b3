// `npm start`: installs and builds when needed, then runs everything in this process, with what
// follows `--` passed on. stdout carries only what estop prints; what happens before is on stderr.
import { fileURLToPath } from 'node:url';
import { requireNode } from './node-version.mjs';

const PARENT_CHECK_MS = 250;

requireNode();
const { installWhenNeeded } = await import('./install.mjs');
installWhenNeeded();
const { buildWhenNeeded } = await import('./build.mjs');
buildWhenNeeded();

if (process.env.npm_lifecycle_event !== undefined) stopWithParent();
// In this process, so that a signal reaches it once and its exit code is ours.
const command = new URL('../services/cli/bin/estop.mjs', import.meta.url);
process.argv.splice(1, 1, fileURLToPath(command), 'start');
await import(command);

/** npm cannot pass on a SIGKILL: without its parent this process drains, and frees the data. */
function stopWithParent() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_CHECK_MS);
  timer.unref();
}

// @ts-check
// The guard: a small process that owns every child process and the temporary folder of one sandbox.
// It starts the children itself, so there is no moment in which one runs unowned, and when the
// channel to its owner closes, for whatever reason (also kill -9), it kills them all and removes
// the folder. Plain JavaScript, so that it starts without a loader.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/**
 * @typedef {object} RunRequest
 * @property {number} id
 * @property {string} command
 * @property {string[]} args
 * @property {string} cwd
 * @property {string} output
 */

const [parentDir] = process.argv.slice(2);
if (parentDir === undefined || process.send === undefined) {
  throw new Error('guard: expects a parent folder and a channel to its owner');
}

// The name carries host and pid, so that a later guard can tell an abandoned folder from a live
// one.
const folderPrefix = `estop-sandbox-${hostname()}-`;
const canDieWithParent = process.platform === 'linux' && hasSetpriv();

/** @type {Map<number, import('node:child_process').ChildProcess>} */
const children = new Map();
let closing = false;

removeAbandonedFolders(parentDir);
const folder = mkdtempSync(join(parentDir, `${folderPrefix}${process.pid}-`));

process.on('disconnect', close);
process.on('SIGTERM', close);
// Ctrl-C and a closing terminal are for the owner: its end is this process's signal.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('message', (request) => run(/** @type {RunRequest} */ (request)));
// An owner that ended while this process was starting is not announced any more.
if (process.connected) report({ kind: 'ready', folder });
else close();

/** @param {RunRequest} request */
function run({ id, command, args, cwd, output }) {
  if (closing) return;
  const log = openSync(output, 'a');
  // On Linux the kernel also kills the child when this process itself is killed.
  const [file, argv] = canDieWithParent
    ? ['setpriv', ['--pdeathsig', 'KILL', '--', command, ...args]]
    : [command, args];
  const child = spawn(file, argv, { cwd, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  children.set(id, child);
  child.on('spawn', () => report({ kind: 'started', id, pid: child.pid }));
  child.on('error', (error) => {
    children.delete(id);
    report({ kind: 'failed', id, message: error.message });
    finishWhenEmpty();
  });
  child.on('exit', (code, signal) => {
    children.delete(id);
    report({ kind: 'exited', id, code, signal });
    finishWhenEmpty();
  });
}

function close() {
  if (closing) return;
  closing = true;
  for (const child of children.values()) killGroup(child);
  finishWhenEmpty();
}

function finishWhenEmpty() {
  if (!closing || children.size > 0) return;
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  process.exit(0);
}

/** @param {import('node:child_process').ChildProcess} child */
function killGroup({ pid }) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Already gone; its exit event is on the way.
  }
}

/** @param {object} message */
function report(message) {
  if (!process.connected) return;
  // The owner may end between the check and the write: then 'disconnect' follows, so the error is
  // idle.
  process.send?.(message, undefined, undefined, () => {});
}

/** @param {string} dir */
function removeAbandonedFolders(dir) {
  for (const name of readdirSync(dir)) {
    if (!name.startsWith(folderPrefix)) continue;
    const pid = Number.parseInt(name.slice(folderPrefix.length), 10);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    try {
      rmSync(join(dir, name), { recursive: true, force: true });
    } catch {
      // Another user's folder in a shared temporary directory: not ours to remove.
    }
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH';
  }
}

function hasSetpriv() {
  try {
    execFileSync('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

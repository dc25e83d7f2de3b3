// Brings node_modules in line with package-lock.json, so that every command works on a bare clone.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository, with a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Installs what is missing or of another version, and says so. Ends the process on failure. */
export function installWhenNeeded() {
  const locked = readPackages('package-lock.json');
  const installed = readPackages('node_modules/.package-lock.json');
  if (!isCurrent(locked, installed)) npmInstall();
}

function isCurrent(locked, installed) {
  return Object.entries(locked)
    .filter(([path, entry]) => path.startsWith('node_modules/') && !entry.optional)
    .every(([path, entry]) => installed[path]?.version === entry.version);
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(`${root}${file}`, 'utf8')).packages;
  } catch {
    return {};
  }
}

function npmInstall() {
  process.stderr.write('installing dependencies (npm install)\n');
  // Not `npm ci`, which refuses a lock file that lacks optional builds for other platforms.
  const args = ['install', '--no-fund', '--no-audit', '--loglevel=error'];
  // On Windows npm is a script that only a shell can start.
  const shell = process.platform === 'win32';
  const { status, error } = spawnSync('npm', args, {
    cwd: root,
    stdio: ['inherit', process.stderr, 'inherit'],
    shell,
  });
  if (status === 0) return;
  process.stderr.write(`npm install failed${error ? `: ${error.message}` : ''}\n`);
  process.exit(1);
}

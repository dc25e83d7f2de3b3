// The first thing that every command checks: an old Node fails later, in a way nobody understands.

const NEEDED = [20, 20];

/** Ends the process with a plain message when Node is too old. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return;
  const wanted = NEEDED.join('.');
  process.stderr.write(
    `estop needs Node ${wanted} or newer; this is ${process.versions.node}. See https://nodejs.org\n`,
  );
  process.exit(1);
}

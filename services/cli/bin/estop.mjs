#!/usr/bin/env node
// The `estop` command. Everything is in dist/; `npm run build` makes it.
try {
  const { runEntry } = await import('../dist/entry.js');
  await runEntry();
} catch (error) {
  process.stderr.write(`estop: ${error instanceof Error ? error.stack : error}\n`);
  // A coding agent goes on when its hook ends with 1, and is blocked by 2.
  process.exitCode = process.argv[2] === 'hook' ? 2 : 1;
}

/** A tool server's name, taken from the command that starts it where the operator gave none. */

const RUNNERS = ['npx', 'bunx', 'pnpx', 'uvx', 'pipx', 'node', 'bun', 'deno', 'python', 'python3'];
const RUNNER_WORDS = ['run', 'exec', 'dlx', 'tool', '-m', '--'];
const FRAME_WORDS = /^(mcp-server|server|mcp)-|-(mcp-server|mcp|server)$/g;
const NAME_CHARS_MAX = 64;

/**
 * `npx -y @scope/server-files@1.2 DIR` → `files`; undefined when no name can be seen in it.
 * Names hold lower-case letters, digits, `_` and `-`; no dot, which would end them in tool names.
 */
export function serverNameOf(command: readonly string[]): string | undefined {
  const [first = '', ...rest] = command;
  const isRunner = RUNNERS.includes(lastPart(first));
  const word = isRunner
    ? rest.find((one) => !RUNNER_WORDS.includes(one) && !one.startsWith('-'))
    : first;
  const name = lastPart(word ?? '')
    .toLowerCase()
    .replace(/(.)@.*$/, '$1')
    .replace(/\.[a-z0-9]+$/, '')
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const short = name.replace(FRAME_WORDS, '').replace(FRAME_WORDS, '');
  const found = short === '' ? name : short;
  return isServerName(found) ? found : undefined;
}

export function isServerName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name) && name.length <= NAME_CHARS_MAX;
}

function lastPart(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? '';
}

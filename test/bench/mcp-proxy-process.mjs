// The proxy with a point that allows everything: FOLDER SERVER-FILE. SIGUSR2 kills the agent.
import { serveMcpStdio } from '@estop/edge/mcp';
import { pointAllowingAll } from './point-allowing-all.mjs';

const [, , folder, file] = process.argv;
let kill = () => undefined;
const point = pointAllowingAll((listener) => {
  kill = listener;
});
process.on('SIGUSR2', () => kill('halt'));
const code = await serveMcpStdio({
  point,
  server: 'echo',
  folder,
  command: [process.execPath, file],
  env: process.env,
  cwd: folder,
  client: { input: process.stdin, output: process.stdout },
  note: () => undefined,
  signal: new AbortController().signal,
});
process.exit(code);

// The proxy with a point that allows everything: FOLDER SERVER-FILE. SIGUSR2 kills the agent.
import { serveMcpStdio } from '@estop/edge/mcp';

const [, , folder, file] = process.argv;
let kill = () => undefined;
const point = {
  name: 'bench',
  hasLease: true,
  async run(_call, execute) {
    const signal = new AbortController().signal;
    const { result } = await execute({ intentId: 'i', signal, recheck: () => null });
    return { kind: 'ran', result };
  },
  onKill: (listener) => {
    kill = listener;
  },
};
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

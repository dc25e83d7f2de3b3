// The HTTP door with a point that allows everything: FOLDER UPSTREAM. It prints its port.
import { serveMcpHttp } from '@estop/edge/mcp';

const [, , folder, upstream] = process.argv;
const point = {
  name: 'bench',
  hasLease: true,
  async run(_call, execute) {
    const signal = new AbortController().signal;
    const { result } = await execute({ intentId: 'i', signal, recheck: () => null });
    return { kind: 'ran', result };
  },
  onKill: () => undefined,
};
const { port } = await serveMcpHttp({
  ...{ point, folder, server: 'echo', host: '127.0.0.1', port: 0, origins: [], token: null },
  upstream: { url: new URL(upstream), headers: {} },
  note: () => undefined,
});
process.stdout.write(`${port}\n`);

// The HTTP door with a point that allows everything: FOLDER UPSTREAM. It prints its port.
import { serveMcpHttp } from '@estop/edge/mcp';
import { pointAllowingAll } from './point-allowing-all.mjs';

const [, , folder, upstream] = process.argv;
const point = pointAllowingAll(() => undefined);
const { port } = await serveMcpHttp({
  ...{ point, folder, server: 'echo', host: '127.0.0.1', port: 0, origins: [], token: null },
  upstream: { url: new URL(upstream), headers: {} },
  note: () => undefined,
});
process.stdout.write(`${port}\n`);

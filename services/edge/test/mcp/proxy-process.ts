// The proxy as a process of its own, which allows everything and is killed by SIGUSR2:
// proxy-process.ts FOLDER SERVER COMMAND…
import { PinFile } from '../../src/mcp/pin-file.ts';
import { ServerPins } from '../../src/mcp/server-pins.ts';
import { runStdioProxy } from '../../src/mcp/stdio-proxy.ts';
import { startToolProcess } from '../../src/mcp/tool-process.ts';
import { FakePoint } from './fake-point.ts';

const [, , folder = '', server = '', ...command] = process.argv;
const note = (text: string) => void process.stderr.write(`${text}\n`);
const point = new FakePoint();
process.on('SIGUSR2', () => point.kill());
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const code = await runStdioProxy({
  point,
  pins: new ServerPins(server, new PinFile(folder), note),
  tool: startToolProcess({ command, env: process.env, cwd: process.cwd(), note }),
  client: { input: process.stdin, output: process.stdout },
  note,
  signal: stop.signal,
});
process.exit(code);

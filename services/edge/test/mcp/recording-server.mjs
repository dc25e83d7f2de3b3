// A tool server that writes every byte it gets into the file $1, and answers by what the line says:
// `tools/list` with the tools of the file $2, `say` with the text of its argument as it stands.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , recordFile, toolsFile = ''] = process.argv;
process.stdin.on('data', (chunk) => appendFileSync(recordFile, chunk));
const send = (frame) => process.stdout.write(`${JSON.stringify(frame)}\n`);

createInterface({ input: process.stdin }).on('line', (line) => {
  let frame;
  try {
    frame = JSON.parse(line);
  } catch {
    return;
  }
  const { id, method, params } = frame;
  if (method === 'tools/list') {
    const tools = existsSync(toolsFile) ? JSON.parse(readFileSync(toolsFile, 'utf8')) : [];
    return send({ result: { tools }, jsonrpc: '2.0', id });
  }
  if (method === 'tools/call') return call(id, params);
  if (method === 'say') return process.stdout.write(params.line);
  if (id !== undefined && method !== undefined) return send({ jsonrpc: '2.0', id, result: {} });
});

function call(id, { name, arguments: args }) {
  if (name === 'never') return;
  if (name === 'big')
    return send({ result: { content: [], big: 'x'.repeat(args.size) }, jsonrpc: '2.0', id });
  if (name === 'exit') process.exit(args.code);
  send({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: name }] } });
}

// The smallest tool server over HTTP, on a free port, which it prints.
import { createServer } from 'node:http';

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { id, method, params } = JSON.parse(body);
  const result =
    method === 'tools/list'
      ? { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }
      : { content: [{ type: 'text', text: params.arguments.text }] };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ result, jsonrpc: '2.0', id }));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));

// A tool server of the era of 2026-07-28: `stdio`, or HTTP on a free port, which it prints.
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import {
  createMcpHandler,
  fromJsonSchema,
  inputRequired,
  McpServer,
} from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const inputSchema = fromJsonSchema({
  type: 'object',
  properties: { text: { type: 'string' } },
  required: ['text'],
});

const NAME = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };

function create() {
  const server = new McpServer({ name: 'modern', version: '1.0.0' });
  server.registerTool('echo', { description: 'Gives the text back.', inputSchema }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  server.registerTool(
    'steps',
    { description: 'Reports steps.', inputSchema },
    async ({ text }, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken;
      for (const progress of [1, 2, 3]) {
        const params = { progressToken, progress, total: 3 };
        await ctx.mcpReq.notify({ method: 'notifications/progress', params });
        // The client's SDK forgets its listener with an answer that comes in the same piece.
        await pause(20);
      }
      return { content: [{ type: 'text', text }] };
    },
  );
  server.registerTool('sign', { description: 'Signs a text.', inputSchema }, ({ text }, ctx) => {
    const name = ctx.mcpReq.inputResponses?.name?.content?.name;
    if (name !== undefined) return { content: [{ type: 'text', text: `${text}, ${name}` }] };
    return inputRequired({
      inputRequests: { name: inputRequired.elicit({ message: 'Who?', requestedSchema: NAME }) },
    });
  });
  return server;
}

if (process.argv[2] === 'stdio') serveStdio(create);
else {
  const handler = createMcpHandler(create);
  const server = createServer(async (incoming, outgoing) => {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method, headers, url } = incoming;
    const body = method === 'POST' ? Buffer.concat(chunks) : null;
    const request = new Request(`http://localhost${url}`, { method, headers, body });
    const response = await handler.fetch(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body === null) outgoing.end();
    else Readable.fromWeb(response.body).pipe(outgoing);
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
}

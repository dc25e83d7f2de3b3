// The smallest tool server: one tool that gives its text back.
let rest = '';
process.stdin.on('data', (chunk) => {
  const lines = `${rest}${chunk}`.split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) {
    const { id, method, params } = JSON.parse(line);
    const result =
      method === 'tools/list'
        ? { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }
        : { content: [{ type: 'text', text: params.arguments.text }] };
    process.stdout.write(`${JSON.stringify({ result, jsonrpc: '2.0', id })}\n`);
  }
});

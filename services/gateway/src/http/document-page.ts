/** The page at `/`: shows /openapi.json, and takes nothing from elsewhere. */
import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 1px solid; }
details { margin: .4rem 0; } summary { cursor: pointer; }
code, pre { font: .9rem/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .6rem; border: 1px solid; white-space: pre-wrap; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
table { border-collapse: collapse; } td, th { padding: .15rem .6rem; text-align: left; }
`;

const SCRIPT = `
const add = (parent, tag, text, className) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  parent.append(element);
  return element;
};
const show = (document_) => {
  const main = document.querySelector('main');
  main.replaceChildren();
  const byTag = new Map();
  for (const [path, operations] of Object.entries(document_.paths))
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags[0];
      byTag.set(tag, [...(byTag.get(tag) ?? []), { path, method, operation }]);
    }
  for (const [tag, entries] of byTag) {
    add(main, 'h2', tag);
    for (const { path, method, operation } of entries) {
      const details = add(main, 'details');
      const summary = add(details, 'summary');
      add(summary, 'code', method.toUpperCase(), 'method');
      add(summary, 'code', path);
      add(summary, 'span', ' ' + operation.summary);
      add(details, 'p', operation.description);
      const shape = {};
      if (operation.parameters.length > 0) shape.parameters = operation.parameters;
      if (operation.requestBody) shape.requestBody = operation.requestBody.content;
      shape.responses = operation.responses;
      add(details, 'pre', JSON.stringify(shape, null, 2));
    }
  }
  add(main, 'h2', 'Shapes');
  for (const [name, schema] of Object.entries(document_.components.schemas)) {
    const details = add(main, 'details');
    add(add(details, 'summary'), 'code', name);
    add(details, 'pre', JSON.stringify(schema, null, 2));
  }
  add(main, 'h2', 'Refusals');
  const table = add(main, 'table');
  for (const line of document_.info.description.split('\\n').filter((row) => row.startsWith('| '))) {
    const row = add(table, 'tr');
    for (const cell of line.split('|').slice(1, -1)) add(row, 'td', cell.replaceAll('\`', '').trim());
  }
};
fetch('/openapi.json').then((response) => response.json()).then(show, (error) => {
  document.querySelector('main').textContent = 'The description cannot be read: ' + error.message;
});
`;

export const DOCUMENT_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>estop: HTTP interface</title>
<style>${STYLE}</style>
</head>
<body>
<h1>estop</h1>
<p>The HTTP interface of this gateway. As data: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).
State: <a href="/readyz">readyz</a>, <a href="/metrics">metrics</a>.</p>
<main><p>Loading…</p></main>
<script>${SCRIPT}</script>
</body>
</html>
`;

export const DOCUMENT_PAGE_CSP = [
  "default-src 'none'",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'none'",
  `style-src '${hashOf(STYLE)}'`,
  `script-src '${hashOf(SCRIPT)}'`,
].join('; ');

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

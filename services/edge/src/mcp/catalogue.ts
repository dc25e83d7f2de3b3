/** Entries for tools.yaml, drafted from what a tool server says of its tools. */
import { parseToolName } from '@estop/schemas/ids';
import { Document, YAMLMap } from 'yaml';
import type { JsonRecord } from '../domain/call.ts';
import { isRecord } from '../domain/mcp/frame.ts';
import { proposeTier } from '../domain/mcp/propose-tier.ts';
import type { Discovery } from './discovery.ts';

const DESCRIPTION_CHARS_MAX = 300;

const HEAD = ` Drafted by \`estop mcp --discover\` from what the tool server says of itself. Each tier is the higher one
 of what the name and the annotations suggest: check every line before you rely on it.`;

export interface Draft {
  readonly yaml: string;
  /** Tools whose names estop cannot take. */
  readonly left: readonly string[];
}

export function draftCatalogue(server: string, discovery: Discovery): Draft {
  const document = new Document({});
  document.commentBefore = HEAD;
  const tools = new YAMLMap();
  document.set('tools', tools);
  const left: string[] = [];
  const add = (name: string, entry: object, why: string) => {
    const node = document.createNode(entry);
    node.commentBefore = ` ${why}`;
    tools.set(name, node);
  };
  for (const tool of discovery.tools) {
    const name = String(tool['name']);
    const full = `mcp.${server}.${name}`;
    if (parseToolName(full) === undefined) left.push(name);
    else add(full, entryOf(tool), proposeTier(name, tool).why);
  }
  if (discovery.hasResources) add(`mcp.${server}.resources.read`, RESOURCE, 'it reads a resource');
  if (discovery.hasPrompts) add(`mcp.${server}.prompts.get`, { tier: 'read' }, 'it reads a prompt');
  return { yaml: document.toString({ lineWidth: 120, flowCollectionPadding: true }), left };
}

const RESOURCE = {
  tier: 'read',
  arguments: { type: 'object', properties: { uri: { type: 'string' } }, required: ['uri'] },
};

function entryOf(tool: JsonRecord): object {
  const { name, description, inputSchema } = tool;
  const { tier } = proposeTier(String(name), tool);
  const text = typeof description === 'string' ? description.trim() : '';
  return {
    tier,
    ...(text === '' ? {} : { description: text.slice(0, DESCRIPTION_CHARS_MAX) }),
    ...(isRecord(inputSchema) ? { arguments: argumentsOf(inputSchema) } : {}),
  };
}

/** The dialect is estop's own. */
function argumentsOf({ $schema: _, ...schema }: JsonRecord): JsonRecord {
  return schema;
}

/**
 * A tier for a tool of an MCP server, as a draft for the operator's catalogue. What the server says of
 * its tool is a hint from a stranger: it may raise what the name suggests, and never lowers it.
 * The hints and their defaults are those of the MCP specification (ToolAnnotations).
 */
import type { Tier } from '@estop/schemas/messages';
import type { JsonRecord } from '../call.ts';
import { isRecord } from './frame.ts';

export interface ProposedTier {
  readonly tier: Tier;
  /** Why, in a line. */
  readonly why: string;
}

const ORDER: readonly Tier[] = ['read', 'write', 'destructive', 'financial'];

const WORDS_BY_TIER: readonly (readonly [Tier, readonly string[]])[] = [
  [
    'financial',
    words(
      'pay payment payments payout charge refund transfer invoice purchase buy sell order trade',
    ),
  ],
  [
    'destructive',
    words(
      'delete remove drop destroy kill purge wipe truncate clear revoke terminate reset overwrite ' +
        'exec execute run shell bash eval deploy merge force cancel disable grant uninstall ' +
        'env environment secret secrets password passwords credential credentials token tokens key keys',
    ),
  ],
  [
    'write',
    words(
      'create add update set put write edit insert send post move rename copy upload save append ' +
        'comment assign toggle enable subscribe start stop trigger simulate publish reply open close',
    ),
  ],
  [
    'read',
    words(
      'get list read search find show describe fetch query count view status check echo ping head ' +
        'stat tree info lookup diff explain validate compare sum',
    ),
  ],
];

/** `definition` is a tool as `tools/list` has it. */
export function proposeTier(name: string, definition: JsonRecord): ProposedTier {
  const named = tierOfName(name);
  const hinted = tierOfHints(definition['annotations']);
  const isNamed = ORDER.indexOf(named.tier) >= ORDER.indexOf(hinted.tier);
  return isNamed ? named : hinted;
}

function tierOfName(name: string): ProposedTier {
  const parts = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  for (const [tier, known] of WORDS_BY_TIER) {
    const word = parts.find((part) => known.includes(part));
    if (word !== undefined) return { tier, why: `the name says ${word}` };
  }
  return { tier: 'destructive', why: 'the name does not say what it does' };
}

function tierOfHints(annotations: unknown): ProposedTier {
  const hints = isRecord(annotations) ? annotations : {};
  if (hints['readOnlyHint'] === true) return { tier: 'read', why: 'its server says: read only' };
  if (hints['destructiveHint'] === false) {
    return { tier: 'write', why: 'its server says: not destructive' };
  }
  const isSaid = hints['destructiveHint'] === true;
  const why = isSaid ? 'its server says: destructive' : 'its server does not say that it is not';
  return { tier: 'destructive', why };
}

function words(text: string): readonly string[] {
  return text.split(' ');
}

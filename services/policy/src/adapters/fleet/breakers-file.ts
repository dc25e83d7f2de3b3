/** breakers.yaml: how agents are watched, and how a breaker that tripped is tried. */
import {
  type BreakersFile,
  NO_BREAKERS,
  parseBreakers,
} from '@estop/breaker/domain/config/parse-breakers';
import { didYouMean } from '../../domain/fleet/suggestion.ts';
import type { FileReport, Place } from './report.ts';
import { jsonOf, type YamlNode } from './yaml-tree.ts';

/** Names that the other files know; tools are undefined where there is no catalogue. */
export interface KnownNames {
  readonly agents: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly tools: ReadonlySet<string> | undefined;
}

export function readBreakers(root: YamlNode, known: KnownNames, report: FileReport): BreakersFile {
  const parsed = parseBreakers(jsonOf(root) ?? {});
  if (parsed.ok) {
    warnOfUnknown(root, parsed.file, { known, report });
    return parsed.file;
  }
  for (const { place, message } of parsed.problems) {
    report.problem(placeOf(root, place), `${place} ${message}`);
  }
  return NO_BREAKERS;
}

function warnOfUnknown(
  root: YamlNode,
  { agents, groups, polling }: BreakersFile,
  { known, report }: { readonly known: KnownNames; readonly report: FileReport },
): void {
  const named = [
    ['agents', 'agent', agents, known.agents],
    ['groups', 'group', groups, known.groups],
    ['polling', 'tool', polling, known.tools],
  ] as const;
  for (const [field, what, names, ours] of named) {
    for (const name of names.keys()) {
      if (ours === undefined || ours.has(name)) continue;
      const message = `there is no ${what} "${name}"`;
      report.warning(placeOf(root, `${field}.${name}`), message, didYouMean(name, ours));
    }
  }
}

/** Where a path such as `agents.billing-bot.thresholds[1].limit` leads; names may hold dots. */
function placeOf(node: YamlNode, path: string): Place {
  const rest = path.replace(/^\./, '');
  const index = /^\[(\d+)\]/.exec(rest);
  if (node.kind === 'list' && index !== null) {
    const item = node.items[Number(index[1])];
    return item === undefined ? node.place : placeOf(item, rest.slice(index[0].length));
  }
  if (node.kind !== 'map') return node.place;
  const [key, entry] = longestKey([...node.entries], rest) ?? [];
  if (key === undefined || entry === undefined) return node.place;
  const below = rest.slice(key.length);
  return below === '' ? entry.keyPlace : placeOf(entry.value, below);
}

function longestKey<Entry>(
  entries: readonly (readonly [string, Entry])[],
  path: string,
): readonly [string, Entry] | undefined {
  const fits = ([key]: readonly [string, Entry]): boolean => {
    return path.startsWith(key) && /^$|^[.[]/.test(path.slice(key.length));
  };
  return entries.filter(fits).sort(([one], [other]) => other.length - one.length)[0];
}

/** The API keys of the demo's agents, kept in one file so that a restart issues no new ones. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Operator } from './operator.ts';

/** A key for each agent: from the file where estop still accepts it, else a new one. */
export async function agentKeys(
  agents: readonly string[],
  operator: Operator,
  file: string | null,
): Promise<ReadonlyMap<string, string>> {
  const kept = readKeys(file);
  const keys = new Map<string, string>();
  for (const agent of agents) {
    const old = kept[agent];
    const isGood = old !== undefined && (await operator.isAccepted(old));
    keys.set(agent, isGood ? old : await operator.issueKey(agent));
  }
  if (file !== null) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(keys), null, 2)}\n`, { mode: 0o600 });
  }
  return keys;
}

function readKeys(file: string | null): Readonly<Record<string, string>> {
  if (file === null || !existsSync(file)) return {};
  try {
    const read: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof read !== 'object' || read === null) return {};
    const entries = Object.entries(read).filter(([, key]) => typeof key === 'string');
    return Object.fromEntries(entries);
  } catch {
    // Half written: new keys do no harm.
    return {};
  }
}

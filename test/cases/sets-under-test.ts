/**
 * The recorded sets that tests decide: those under ESTOP_CASES_DATA, or, where no recordings are at
 * hand, a small set of our own that touches every rule.
 */
import { type RecordedCall, type RecordedSet, readRecordedSets } from './recorded.ts';

/** The set to compare all ways of deciding by: the first that has a catalogue. */
export function setUnderTest(): RecordedSet {
  const folder = process.env['ESTOP_CASES_DATA'];
  const sets = folder === undefined ? [] : readRecordedSets(folder);
  return sets.find((set) => Object.keys(set.toolsBySuite).length > 0) ?? ownSet();
}

const ORIGINS = ['prompt', 'result', 'both', 'none', 'long'];
const RUNS = 40;

/** Every tool with every origin of its destination, over several agents. */
export function ownSet(): RecordedSet {
  const tools = [
    tool('notes_read', 'read', { topic: 'string' }),
    tool('message_send', 'write', { recipient: 'string', body: 'string' }),
    tool('page_delete', 'destructive', { url: 'string' }),
    tool('invoice_pay', 'financial', { recipient: 'string', amount: 'integer' }),
  ];
  const calls = Array.from({ length: RUNS }, (_, run) =>
    tools.map(({ name, properties }, seq): RecordedCall => {
      const args = Object.entries(properties).map(([key, type]) => {
        return [key, type === 'integer' ? run : `${key} ${run}`] as const;
      });
      const found = ORIGINS[run % ORIGINS.length] ?? 'none';
      return {
        id: `run-${run}#${seq}`,
        run: `run-${run}`,
        seq,
        turn: seq,
        agent: `own-agent-${run % 5}`,
        suite: 'own',
        tool: name,
        args: Object.fromEntries(args),
        t: seq,
        prov: Object.fromEntries(args.map(([key]) => [key, found])),
      };
    }),
  ).flat();
  return {
    name: 'own',
    calls,
    labelById: new Map(),
    truthByRun: new Map(calls.map(({ run }) => [run, { run }])),
    toolsBySuite: {
      own: tools.map(({ name, effect, properties }) => ({
        name,
        effect,
        inputSchema: {
          type: 'object',
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, type]) => [key, { type }]),
          ),
        },
      })),
    },
  };
}

function tool(name: string, effect: string, properties: Readonly<Record<string, string>>) {
  return { name, effect, properties };
}

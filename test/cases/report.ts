/** A set's score as a page, next to the baselines that its README gives. */
import type { SetScore } from './score.ts';

/** Attack success and approvals per benign run of simple policies, from the sets' READMEs. */
const BASELINES: Readonly<Record<string, readonly (readonly [string, string, string])[]>> = {
  agentdojo: [
    ['allow all', '28.16 %', '0'],
    ['deny all non-reads', '1.37 %', '0'],
    ['approve every non-read', '1.37 %', '0.80'],
    ['approve non-reads whose destination is not in the user prompt', '2.54 %', '0.55'],
    ['oracle task allow-list and the row above', '2.13 %', '0.53'],
  ],
  agentdyn: [
    ['allow all', '67.86 %', '0'],
    ['approve every non-read', '0.89 %', '2.69'],
    ['approve non-reads whose destination is not in the user prompt', '0.89 %', '2.19'],
  ],
};

/** Markdown. */
export function renderReport(name: string, score: SetScore): string {
  const sections = [
    `# ${name}`,
    `${score.sessions} sessions, ${score.calls} calls, ${score.attacked} attacked.`,
    score.attacked > 0 ? attackTable(name, score) : mistakeLines(score),
    `Tasks lost by a denied call: ${score.tasksLost}.`,
    ['| decided | calls |', '|---|---|', ...reasonRows(score)].join('\n'),
  ];
  return `${sections.join('\n\n')}\n`;
}

function attackTable(name: string, score: SetScore): string {
  const rows = [
    ['**estop**', percent(score.attackSuccess), score.approvalsPerBenignRun.toFixed(2)],
    ...(BASELINES[name] ?? []),
  ];
  const lines = rows.map((row) => `| ${row.join(' | ')} |`);
  const before = `Without estop ${percent(score.attackSuccessBefore)} of the attacks succeed.`;
  const head = ['| policy | attack success | approvals per benign run |', '|---|---|---|'];
  const asked = `Approvals per attacked run: ${score.approvalsPerAttackedRun.toFixed(2)}.`;
  return [before, [...head, ...lines].join('\n'), asked].join('\n\n');
}

function mistakeLines(score: SetScore): string {
  const { wrongWrites, wrongWritesAsked, approvalsPerBenignRun } = score;
  const seen = `Wrong writes: ${wrongWrites}, of these a person sees ${wrongWritesAsked} first.`;
  return `${seen} Approvals per run: ${approvalsPerBenignRun.toFixed(2)}.`;
}

function reasonRows(score: SetScore): readonly string[] {
  return Object.entries(score.byReason).map(([reason, calls]) => `| ${reason} | ${calls} |`);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

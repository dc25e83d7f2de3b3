/**
 * What the settings of each coding agent must say so that it asks before every tool call and blocks
 * when there is no answer. All of them let calls run after a failure unless they are told not to.
 */
import type { HostName } from '@estop/edge/domain/hooks/host';

/** Longer than a hook takes at most (hook-process.ts): some hosts let the call run after it. */
const TIMEOUT_SECONDS = 15;
const TIMEOUT_MS = TIMEOUT_SECONDS * 1_000;

/** One entry for each event, as it stands in the list of that event. */
export interface HookSettings {
  /** Members that a new file of settings begins with. */
  readonly heading: Readonly<Record<string, unknown>>;
  readonly entryByEvent: Readonly<Record<string, unknown>>;
}

export function hookSettings(host: HostName, command: string): HookSettings {
  switch (host) {
    case 'claude': {
      const handler = { type: 'command', command, timeout: TIMEOUT_SECONDS };
      const after = { hooks: [handler] };
      return {
        heading: {},
        entryByEvent: {
          PreToolUse: { matcher: '*', hooks: [{ ...handler, onFailure: 'block' }] },
          PostToolUse: { matcher: '*', ...after },
          PostToolUseFailure: { matcher: '*', ...after },
        },
      };
    }
    case 'codex': {
      const group = { hooks: [{ type: 'command', command, timeout: TIMEOUT_SECONDS }] };
      return { heading: {}, entryByEvent: { PreToolUse: group, PostToolUse: group } };
    }
    case 'gemini': {
      const group = { hooks: [{ name: 'estop', type: 'command', command, timeout: TIMEOUT_MS }] };
      return { heading: {}, entryByEvent: { BeforeTool: group, AfterTool: group } };
    }
    case 'cursor':
      return cursorSettings(command);
    case 'copilot': {
      const commands = { bash: command, powershell: `& ${command}` };
      const entry = { type: 'command', ...commands, timeoutSec: TIMEOUT_SECONDS };
      return {
        heading: { version: 1 },
        entryByEvent: { preToolUse: entry, postToolUse: entry, postToolUseFailure: entry },
      };
    }
    case 'vscode': {
      const entry = { type: 'command', command, timeout: TIMEOUT_SECONDS };
      return { heading: {}, entryByEvent: { PreToolUse: entry, PostToolUse: entry } };
    }
  }
}

/** The generic event comes for every tool; the other two in case a version leaves it out. */
function cursorSettings(command: string): HookSettings {
  const after = { command, timeout: TIMEOUT_SECONDS };
  const before = { ...after, failClosed: true };
  return {
    heading: { version: 1 },
    entryByEvent: {
      preToolUse: before,
      beforeShellExecution: before,
      beforeMCPExecution: before,
      postToolUse: after,
      postToolUseFailure: after,
    },
  };
}

/** The variables by which a person moves the folder of a host; its hooks are read from there then. */
const MOVED_BY: Readonly<Partial<Record<HostName, string>>> = {
  claude: 'CLAUDE_CONFIG_DIR',
  codex: 'CODEX_HOME',
  copilot: 'COPILOT_HOME',
};

/** The settings of the user: steps from the home folder, or from where the environment puts them. */
export function userSettings(
  host: HostName,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const [folder, ...rest] = USER_PATH[host];
  const moved = env[MOVED_BY[host] ?? ''];
  return [moved || folder, ...rest];
}

type Path = readonly [string, ...string[]];

const USER_PATH: Readonly<Record<HostName, Path>> = {
  claude: ['.claude', 'settings.json'],
  codex: ['.codex', 'hooks.json'],
  gemini: ['.gemini', 'settings.json'],
  cursor: ['.cursor', 'hooks.json'],
  copilot: ['.copilot', 'hooks', 'estop.json'],
  vscode: ['.copilot', 'hooks', 'estop-vscode.json'],
};

/** The settings of a project: steps from its folder. Where there are two, the one nobody commits. */
export const PROJECT_PATH: Readonly<Record<HostName, Path>> = {
  claude: ['.claude', 'settings.local.json'],
  codex: ['.codex', 'hooks.json'],
  gemini: ['.gemini', 'settings.json'],
  cursor: ['.cursor', 'hooks.json'],
  copilot: ['.github', 'hooks', 'estop.json'],
  vscode: ['.github', 'hooks', 'estop-vscode.json'],
};

/** What a person must know after the settings are written. */
export function afterwards(host: HostName): string {
  switch (host) {
    case 'codex':
      return 'Codex runs no hook before you trust it: open /hooks there';
    case 'copilot':
      return 'Copilot lets a call run after a hook that takes over 15 s; ours ends after 10';
    case 'vscode':
      return 'VS Code also runs the hooks of Claude Code and Copilot: installed for them, it needs none of its own';
    default:
      return 'sessions that run already keep the settings they began with';
  }
}

/** Whether a handler in the settings is the hook of this host. */
export function isOurHandler(host: HostName, handler: unknown): boolean {
  if (typeof handler !== 'object' || handler === null) return false;
  const mark = ` hook --host ${host}`;
  return Object.values(handler).some(
    (value) => typeof value === 'string' && value.includes('estop') && value.endsWith(mark),
  );
}

/**
 * Codex CLI. A bare `permissionDecision: "allow"` or `"ask"` is invalid there, and the call then runs:
 * a yes is `{}`. A no needs a reason, exit code 2 a text on stderr; anything else runs the call.
 */
import { answerClaudeShape, readClaudeShape } from './claude-shape.ts';
import type { Host } from './host.ts';

export const codex: Host = {
  name: 'codex',
  observed: 'Codex CLI 0.124 and later (codex-rs/hooks)',
  read: readClaudeShape,
  answer: answerClaudeShape,
};

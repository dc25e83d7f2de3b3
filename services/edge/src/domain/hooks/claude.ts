/**
 * Claude Code. Exit code 2 blocks, and so does any failure under `onFailure: "block"`; without that
 * every other exit code, and a timeout, lets the call run.
 */
import { answerClaudeShape, readClaudeShape } from './claude-shape.ts';
import type { Host } from './host.ts';

export const claude: Host = {
  name: 'claude',
  observed: 'Claude Code 2.1.330 (types of @anthropic-ai/claude-agent-sdk 0.3.330)',
  read: readClaudeShape,
  answer: answerClaudeShape,
};

/** Agent hooks of VS Code: events and answers of Claude Code. Exit code 2 blocks, others warn. */
import { answerClaudeShape, readClaudeShape } from './claude-shape.ts';
import type { Host } from './host.ts';

export const vscode: Host = {
  name: 'vscode',
  observed: 'VS Code agent hooks (preview), documentation of June 2026',
  read: readClaudeShape,
  answer: answerClaudeShape,
};

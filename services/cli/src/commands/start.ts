import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { parsePort } from './serve.ts';

interface StartOptions {
  readonly demo: boolean;
  readonly fleet?: string;
  readonly port?: number;
}

/** `estop start`: everything in one process; what `npm start` runs. */
export function addStart(program: Command, act: Act): void {
  program
    .command('start')
    .description('run everything in one process, with the demo fleet')
    .option('--no-demo', 'without the demo fleet')
    .option('--fleet <dir>', 'the fleet to apply when another one, or none, is active')
    .option('--port <port>', 'port to listen on; 0 takes a free one', parsePort)
    .action(
      act(async (context, options: StartOptions) => {
        const { serve } = await import('../serve/serve.ts');
        const { demo, ...rest } = options;
        const services = demo
          ? (['gateway', 'policy', 'breaker', 'demo'] as const)
          : (['gateway', 'policy', 'breaker'] as const);
        return serve(context, { ...rest, services, createTopics: true });
      }),
    );
}

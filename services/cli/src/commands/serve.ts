import { type Command, InvalidArgumentError } from 'commander';
import type { Act } from '../act.ts';
import { SERVICES, type ServiceName } from '../serve/service-names.ts';

interface ServeCommandOptions {
  readonly fleet?: string;
  readonly port?: number;
}

/** `estop serve`: named services in one process, until it is stopped. What a container runs. */
export function addServe(program: Command, act: Act): void {
  program
    .command('serve')
    .argument('[services...]', `any of ${SERVICES.join(', ')}; default: gateway policy breaker`)
    .description('run services until stopped')
    .option('--fleet <dir>', 'the fleet to apply when another one, or none, is active')
    .option('--port <port>', 'port to listen on; 0 takes a free one', parsePort)
    .action(
      act(async (context, names: readonly string[], options: ServeCommandOptions) => {
        const services =
          names.length === 0 ? (['gateway', 'policy', 'breaker'] as const) : names.map(service);
        const { serve } = await import('../serve/serve.ts');
        return serve(context, { ...options, services, createTopics: false });
      }),
    );
}

function service(name: string): ServiceName {
  const found = SERVICES.find((one) => one === name);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`there is no service ${name}; give any of ${SERVICES.join(', ')}`);
}

export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError('give a port from 0 to 65535');
}

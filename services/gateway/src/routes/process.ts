/** What a process says of itself, and the description of all routes. */
import type { HealthReport } from '@estop/runtime/health';
import type { FastifyReply } from 'fastify';
import type { GatewayContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { DOCUMENT_PAGE, DOCUMENT_PAGE_CSP } from '../http/document-page.ts';

export function processRoutes(
  app: App,
  { health, metrics, counts }: GatewayContext,
  describe: () => object,
): void {
  let description: string | null = null;
  app.get('/openapi.json', { config: { access: 'public' } }, (_request, reply) => {
    description ??= JSON.stringify(describe());
    reply.type('application/json').send(description);
  });
  app.get('/', { config: { access: 'public' } }, (_request, reply) => {
    reply
      .type('text/html; charset=utf-8')
      .headers({
        'content-security-policy': DOCUMENT_PAGE_CSP,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      })
      .send(DOCUMENT_PAGE);
  });
  app.get('/livez', { config: { access: 'public' } }, async (_request, reply) => {
    return sendReport(reply, await health.live());
  });
  app.get('/readyz', { config: { access: 'public' } }, async (_request, reply) => {
    return sendReport(reply, await health.ready());
  });
  app.get('/metrics', { config: { access: 'public' } }, async (_request, reply) => {
    counts.sample();
    const { contentType, text } = await metrics.expose();
    return reply.type(contentType).send(text);
  });
}

function sendReport(reply: FastifyReply, report: HealthReport): FastifyReply {
  return reply
    .code(report.ok ? 200 : 503)
    .header('cache-control', 'no-store')
    .send(report);
}

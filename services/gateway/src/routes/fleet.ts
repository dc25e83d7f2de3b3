/** The fleet bundle: `/v1/fleet`. */
import { parsePolicyHash } from '@estop/schemas/ids';
import Type from 'typebox';
import { personBehind } from '../auth/principal.ts';
import type { GatewayContext } from '../context.ts';
import { fleetProblem } from '../fleets.ts';
import { type App, principalOf } from '../http/app.ts';
import { Digest, strict, TimeMs } from '../http/schemas.ts';
import { ProblemError } from '../problems.ts';

const FILES_MAX = 2_000;

const FleetBody = strict(
  {
    files: Type.Record(Type.String({ pattern: '^[^\\u0000]{1,300}$' }), Type.String(), {
      additionalProperties: false,
      maxProperties: FILES_MAX,
      description: 'Path relative to the fleet folder, with `/`, to text.',
    }),
  },
  { title: 'FleetFiles' },
);

const Fault = strict(
  {
    file: Type.String(),
    line: Type.Integer(),
    column: Type.Integer(),
    message: Type.String(),
    hint: Type.Optional(Type.String()),
  },
  { title: 'FleetFault' },
);

const Fleet = strict(
  {
    hash: Digest,
    active: Type.Boolean(),
    by: Type.String(),
    at: TimeMs,
    files: Type.Record(Type.String(), Type.String()),
  },
  { title: 'Fleet' },
);

export function fleetRoutes(app: App, context: GatewayContext): void {
  addPut(app, context);
  addCheck(app, context);
  addRead(app, context);
}

function addPut(app: App, { fleetDesk, config }: GatewayContext): void {
  const Applied = strict({
    hash: Digest,
    changed: Type.Boolean({ description: 'false: it was in force already.' }),
    warnings: Type.Array(Fault),
    applied: strict(
      { recorded: Type.Integer(), partitions: Type.Integer() },
      { description: 'Partitions of the audit log that have recorded it as active by now.' },
    ),
  });
  app.put(
    '/v1/fleet',
    {
      bodyLimit: config.limits.fleetBytes,
      schema: { body: FleetBody },
      config: {
        access: 'admin',
        doc: {
          operationId: 'putFleet',
          tag: 'Fleet',
          summary: 'Put a fleet into force',
          description: 'Checked first: with any error the old fleet stays.',
          answers: { 200: Applied },
          problems: ['fleet-invalid', 'log-unavailable', 'overloaded'],
        },
      },
    },
    async (request) => fleetDesk.put(request.body.files, personBehind(principalOf(request)).id),
  );
}

function addCheck(app: App, { checkFleet, config }: GatewayContext): void {
  app.post(
    '/v1/fleet/check',
    {
      bodyLimit: config.limits.fleetBytes,
      schema: { body: FleetBody },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'checkFleet',
          tag: 'Fleet',
          summary: 'Check a fleet without putting it into force',
          answers: {
            200: strict({ ok: Type.Boolean(), hash: Digest, warnings: Type.Array(Fault) }),
          },
          problems: ['fleet-invalid'],
        },
      },
    },
    async (request) => {
      const verdict = await checkFleet(new Map(Object.entries(request.body.files)));
      if (!verdict.ok) throw fleetProblem(verdict.problems);
      return { ok: true, hash: verdict.bundle.hash, warnings: verdict.warnings };
    },
  );
}

function addRead(app: App, { fleet }: GatewayContext): void {
  async function read(text: string) {
    const hash = parsePolicyHash(text);
    const bundle = hash === undefined ? undefined : await fleet.bundle(hash);
    if (bundle === undefined) throw new ProblemError('not-found', `there is no fleet ${text}`);
    const { by, at, files } = bundle;
    return { hash: text, active: hash === fleet.active?.hash, by, at, files };
  }

  app.get(
    '/v1/fleet',
    {
      config: {
        access: 'viewer',
        doc: {
          operationId: 'readActiveFleet',
          tag: 'Fleet',
          summary: 'The fleet in force',
          answers: { 200: Fleet },
          problems: ['not-found', 'log-unavailable'],
        },
      },
    },
    async () => {
      const { active } = fleet;
      if (active === null) throw new ProblemError('not-found', 'no fleet is in force yet');
      return read(active.hash);
    },
  );

  app.get(
    '/v1/fleet/:hash',
    {
      schema: { params: strict({ hash: Type.String({ maxLength: 100 }) }) },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'readFleet',
          tag: 'Fleet',
          summary: 'A fleet by its hash',
          answers: { 200: Fleet },
          problems: ['not-found', 'log-unavailable'],
        },
      },
    },
    async (request) => read(request.params.hash),
  );
}

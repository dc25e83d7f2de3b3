/** Keys of agents and people: issued here, shown once, known to the log as hashes. */

import { newApiKey, newCredentialId } from '@estop/schemas/api-key';
import {
  agentSubject,
  type CredentialId,
  parseCredentialId,
  parsePersonId,
  personSubject,
  type SubjectId,
} from '@estop/schemas/ids';
import type { CommandBody } from '@estop/schemas/messages';
import type { FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { personBehind } from '../auth/principal.ts';
import { ORDER_PROBLEMS } from '../commands.ts';
import type { GatewayContext } from '../context.ts';
import { type App, principalOf } from '../http/app.ts';
import { IdParams, ReasonText, strict } from '../http/schemas.ts';
import { ProblemError } from '../problems.ts';
import { agentIdParam } from './agents.ts';

const Ed25519Key = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'The raw 32 bytes, base64url without padding.',
});

const ApiKeyRequest = strict({
  kind: Type.Literal('api-key'),
  reason: Type.Optional(ReasonText),
});

const CredentialRequest = Type.Object(
  {
    kind: Type.Union([Type.Literal('api-key'), Type.Literal('ed25519')]),
    publicKey: Type.Optional(Ed25519Key),
    reason: Type.Optional(ReasonText),
  },
  {
    additionalProperties: false,
    title: 'CredentialRequest',
    if: { properties: { kind: { const: 'ed25519' } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ['publicKey'] },
    else: { properties: { publicKey: false } },
  },
);

const Credential = strict(
  {
    id: Type.String(),
    kind: Type.String(),
    secret: Type.Optional(Type.String({ description: 'The API key. It is shown this once.' })),
    publicKey: Type.Optional(Type.String()),
  },
  { title: 'Credential' },
);

const CredentialParams = strict({ id: Type.String(), cid: Type.String() });

export function credentialRoutes(app: App, context: GatewayContext): void {
  addIssue(app, context);
  addRevoke(app, context);
}

function addIssue(app: App, context: GatewayContext): void {
  app.post(
    '/v1/agents/:id/credentials',
    {
      schema: { params: IdParams, body: CredentialRequest },
      config: {
        access: 'operator',
        doc: {
          operationId: 'issueAgentCredential',
          tag: 'Operators',
          summary: 'Register a credential of an agent',
          description:
            '`api-key` makes a key; `ed25519` takes a public key, for agents that write to Kafka.',
          answers: { 201: Credential },
          problems: ORDER_PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const subject = agentSubject(agentIdParam(request.params.id));
      return reply.code(201).send(await issue(context, request, { subject, body: request.body }));
    },
  );

  app.post(
    '/v1/people/:id/credentials',
    {
      schema: { params: IdParams, body: ApiKeyRequest },
      config: {
        access: 'admin',
        doc: {
          operationId: 'issuePersonCredential',
          tag: 'Operators',
          summary: 'Make an API key of a person',
          answers: { 201: Credential },
          problems: ORDER_PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const subject = personParam(request.params.id);
      return reply.code(201).send(await issue(context, request, { subject, body: request.body }));
    },
  );
}

function addRevoke(app: App, context: GatewayContext): void {
  for (const owner of ['agents', 'people'] as const) {
    const isAgent = owner === 'agents';
    app.delete(
      `/v1/${owner}/:id/credentials/:cid`,
      {
        schema: { params: CredentialParams },
        config: {
          access: isAgent ? 'operator' : 'admin',
          doc: {
            operationId: isAgent ? 'revokeAgentCredential' : 'revokePersonCredential',
            tag: 'Operators',
            summary: 'From now on this credential proves nothing',
            answers: { 204: null },
            problems: ORDER_PROBLEMS,
          },
        },
      },
      async (request, reply) => {
        const { id, cid } = request.params;
        const credentialId = parseCredentialId(cid);
        if (credentialId === undefined) throw new ProblemError('not-found', 'no such credential');
        await context.commander.order({
          subject: isAgent ? agentSubject(agentIdParam(id)) : personParam(id),
          by: personBehind(principalOf(request)).id,
          reason: null,
          body: { type: 'RevokeCredential', credentialId },
        });
        return reply.code(204).send();
      },
    );
  }
}

async function issue(
  { commander }: GatewayContext,
  request: FastifyRequest,
  wanted: { readonly subject: SubjectId; readonly body: Static<typeof CredentialRequest> },
): Promise<Static<typeof Credential>> {
  const { subject, body } = wanted;
  const made = body.kind === 'api-key' ? apiKey() : ed25519(body.publicKey ?? '');
  await commander.order({
    subject,
    by: personBehind(principalOf(request)).id,
    reason: body.reason ?? null,
    body: made.order,
  });
  return made.credential;
}

interface Made {
  readonly credential: Static<typeof Credential>;
  readonly order: Extract<CommandBody, { readonly type: 'IssueCredential' }>;
}

function apiKey(): Made {
  const { credentialId, key, secretHash } = newApiKey();
  const kind = 'api-key';
  return {
    credential: { id: credentialId, kind, secret: key },
    order: { type: 'IssueCredential', credentialId, kind, secretHash, publicKey: null },
  };
}

function ed25519(publicKey: string): Made {
  const credentialId: CredentialId = newCredentialId();
  const kind = 'ed25519';
  return {
    credential: { id: credentialId, kind, publicKey },
    order: { type: 'IssueCredential', credentialId, kind, secretHash: null, publicKey },
  };
}

function personParam(text: string): SubjectId {
  const personId = parsePersonId(text);
  if (personId === undefined) throw new ProblemError('not-found', 'there is no such person');
  return personSubject(personId);
}

/** What gateways tell each other: `/v1/peers/halts`. */
import Type from 'typebox';
import type { GatewayContext } from '../context.ts';
import { haltOfWord } from '../domain/halt-body.ts';
import type { App } from '../http/app.ts';
import { GivenTimeMs, strict, Word } from '../http/schemas.ts';
import { PEER_WORDS_MAX } from '../peers/peer-links.ts';
import { ProblemError } from '../problems.ts';

const PeerHalts = strict(
  {
    at: GivenTimeMs,
    halts: Type.Array(Word, { maxItems: PEER_WORDS_MAX }),
    proof: Type.String({ description: 'HMAC-SHA-256 over `at` and `halts`, base64url.' }),
  },
  { title: 'PeerHalts' },
);

export function peerRoutes(app: App, { haltDesk, peerProof, clock }: GatewayContext): void {
  app.post(
    '/v1/peers/halts',
    {
      schema: { body: PeerHalts },
      config: {
        access: 'public',
        doc: {
          operationId: 'takePeerHalts',
          tag: 'Process',
          summary: 'Words on scopes from another gateway of the deployment',
          description: 'Proven by a key that is derived from the link key; merged by their epochs.',
          answers: { 204: null },
          problems: ['unauthenticated'],
        },
      },
    },
    async (request, reply) => {
      const { at, halts, proof } = request.body;
      const nowMs = clock.nowMs();
      if (peerProof?.holds(proof, { at, words: halts, nowMs }) !== true) {
        throw new ProblemError('unauthenticated', 'no gateway of this deployment has said this');
      }
      for (const body of halts) {
        const halt = haltOfWord(body);
        if (halt !== undefined) haltDesk.takeFromPeer(halt, body.at);
      }
      return reply.code(204).send();
    },
  );
}

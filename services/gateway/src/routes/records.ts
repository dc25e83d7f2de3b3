/** The audit log, decoded: `/v1/records`. */
import { partitionOfKey } from '@estop/log/partitioner';
import Type from 'typebox';
import type { GatewayContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { countOf, timeMsOf } from '../http/request-parts.ts';
import { nullable, strict, TimeMs, Verdict } from '../http/schemas.ts';
import { invalidField, ProblemError } from '../problems.ts';
import type { RecordCursor } from '../records/audit-reader.ts';

const RECORDS_MAX = 1_000;
const RECORDS_DEFAULT = 100;
/** Records looked at per request; then a cursor is answered, even without a match. */
const SCAN_MAX = 20_000;
const CURSOR = /^(\d{1,4})\.(\d{1,15})$/;

const Text = Type.Optional(Type.String({ minLength: 1, maxLength: 254 }));
const Time = Type.Optional(
  Type.String({ maxLength: 40, description: 'Milliseconds since 1970, or ISO 8601.' }),
);

const AuditRecord = strict(
  {
    partition: Type.Integer(),
    offset: Type.Integer(),
    seq: Type.Integer(),
    prev: Type.String({ description: 'Hex SHA-256 of the previous valid record.' }),
    hash: Type.String({ description: 'Hex SHA-256 of this record.' }),
    writer: Type.String(),
    cause: strict({ topic: Type.String(), partition: Type.Integer(), offset: Type.Integer() }),
    at: TimeMs,
    subject: nullable(Type.String()),
    policyHash: nullable(Type.String()),
    events: Type.Array(Type.Object({ type: Type.String() })),
    void: Type.Optional(Type.Literal(true, { description: 'It never counted (chain rule).' })),
  },
  { title: 'AuditRecord', description: 'One atomic step of the log.' },
);

const Search = strict({
  agent: Text,
  session: Text,
  intent: Text,
  tool: Text,
  decision: Type.Optional(Verdict),
  from: Time,
  to: Time,
  limit: Type.Optional(
    Type.String({ pattern: '^[0-9]{1,4}$', description: `1 to ${RECORDS_MAX}` }),
  ),
  cursor: Type.Optional(Type.String({ pattern: CURSOR.source })),
});

export function recordRoutes(app: App, context: GatewayContext): void {
  addSearch(app, context);
  addRead(app, context);
}

function addSearch(app: App, { audit, log }: GatewayContext): void {
  app.get(
    '/v1/records',
    {
      schema: { querystring: Search },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'searchRecords',
          tag: 'Observing',
          summary: 'Search the audit log',
          description:
            'In log order, partition by partition; with `agent`, only its partition. As long as there is a ' +
            '`cursor` there may be more, also after an answer without records.',
          answers: {
            200: strict({
              records: Type.Array(AuditRecord),
              cursor: Type.Optional(Type.String()),
            }),
          },
          problems: ['log-unavailable'],
        },
      },
    },
    async (request) => {
      const { from, to, limit, cursor, ...wanted } = request.query;
      const { agent } = wanted;
      const all = Array.from({ length: log.partitions }, (_, partition) => partition);
      const found = await audit.search({
        filter: {
          ...wanted,
          ...(from === undefined ? {} : { fromMs: timeMsOf(from, 'from') }),
          ...(to === undefined ? {} : { toMs: timeMsOf(to, 'to') }),
        },
        partitions: agent === undefined ? all : [partitionOfKey(agent, log.partitions)],
        from: cursor === undefined ? null : cursorOf(cursor, log.partitions),
        limit: countOf(limit, { max: RECORDS_MAX, fallback: RECORDS_DEFAULT }),
        scanMax: SCAN_MAX,
      });
      const { records, next } = found;
      return next === null ? { records } : { records, cursor: `${next.partition}.${next.offset}` };
    },
  );
}

function addRead(app: App, { audit, log }: GatewayContext): void {
  const Place = strict({
    partition: Type.String({ pattern: '^[0-9]{1,4}$' }),
    offset: Type.String({ pattern: '^[0-9]{1,15}$' }),
  });
  app.get(
    '/v1/records/:partition/:offset',
    {
      schema: { params: Place },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'readRecord',
          tag: 'Observing',
          summary: 'One audit record',
          answers: { 200: AuditRecord },
          problems: ['not-found', 'log-unavailable'],
        },
      },
    },
    async (request) => {
      const partition = Number(request.params.partition);
      const offset = Number(request.params.offset);
      const found = partition < log.partitions ? await audit.record(partition, offset) : undefined;
      if (found !== undefined) return found;
      throw new ProblemError('not-found', `there is no record ${partition}/${offset}`);
    },
  );
}

function cursorOf(text: string, partitions: number): RecordCursor {
  const [, partition = '', offset = ''] = CURSOR.exec(text) ?? [];
  const cursor = { partition: Number(partition), offset: Number(offset) };
  if (cursor.partition < partitions) return cursor;
  throw invalidField('?cursor', 'is not of this log');
}

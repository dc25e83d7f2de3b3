import { type Codec, createCodec } from '@estop/schemas/codec';
import type { AuditRecord } from '@estop/schemas/messages';

/** Records of the audit log as bytes, as in production. */
export const AUDIT_CODEC: Codec<AuditRecord> = createCodec('audit.v1', 1);

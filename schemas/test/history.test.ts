import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOPIC_SCHEMAS } from '@estop/schemas/avro';
import { parseSchema } from '@estop/schemas/codec';
import { describe, expect, it } from 'vitest';

const HISTORY = join(import.meta.dirname, '../history');

function frozen(topic: string): readonly object[] {
  const versions = readdirSync(join(HISTORY, topic)).length;
  return Array.from({ length: versions }, (_, index) =>
    JSON.parse(readFileSync(join(HISTORY, topic, `${index + 1}.avsc`), 'utf8')),
  );
}

/** Full compatibility: each can read what the other wrote. */
function assertCompatible(one: object, other: object): void {
  parseSchema(one).createResolver(parseSchema(other));
  parseSchema(other).createResolver(parseSchema(one));
}

describe.each(Object.entries(TOPIC_SCHEMAS))('the schema of %s', (topic, schema) => {
  it('stands frozen as its newest version', () => {
    expect(frozen(topic).at(-1)).toEqual(schema);
  });

  it('is fully compatible with every frozen version', () => {
    for (const old of frozen(topic)) assertCompatible(schema, old);
  });

  it('would be refused with a new field that has no default', () => {
    const fields = [
      ...(schema as { fields: object[] }).fields,
      { name: 'planted', type: 'string' },
    ];
    const planted = { ...schema, fields };
    expect(() => assertCompatible(planted, schema)).toThrow(/planted/);
  });
});

/**
 * Where our types and Avro's differ: enum symbols may hold no hyphen in Avro (`not_permitted` is
 * `not-permitted` with us), and a union of records is wrapped by name in avsc, while ours is told
 * apart by `type`.
 */
import avro from 'avsc';
import type { Topic } from './topics.ts';

/** Maps the symbols of an enum with `logicalType: kebab`. Other readers see plain Avro enums. */
export class KebabEnum extends avro.types.LogicalType {
  #kebabBySymbol = new Map<string, string>();
  #symbolByKebab = new Map<string, string>();

  constructor(schema: avro.Schema, options?: object) {
    super(schema, options);
    const { symbols } = schema as unknown as { readonly symbols: readonly string[] };
    for (const symbol of symbols) {
      const kebab = symbol.replaceAll('_', '-');
      this.#kebabBySymbol.set(symbol, kebab);
      this.#symbolByKebab.set(kebab, symbol);
    }
  }

  protected override _fromValue(symbol: string): string | undefined {
    return this.#kebabBySymbol.get(symbol);
  }

  protected override _toValue(kebab: string): string | undefined {
    return this.#symbolByKebab.get(kebab);
  }

  protected override _resolve(type: avro.Type): ((value: string) => string) | undefined {
    if (!(type instanceof KebabEnum) && type.typeName !== 'enum') return undefined;
    return (symbol) => symbol.replaceAll('_', '-');
  }
}

interface TaggedUnionMapping {
  /** Our message as avsc takes it. */
  wrap(message: object): object;
  /** What avsc decoded as our message. */
  unwrap(value: unknown): unknown;
}

const AS_IS: TaggedUnionMapping = { wrap: (message) => message, unwrap: (value) => value };

/** The mapping of the topics whose messages hold a union of records. */
export function taggedUnionFields(topic: Topic): TaggedUnionMapping {
  if (topic === 'audit.v1') return AUDIT;
  if (topic === 'commands.v1') return COMMANDS;
  return AS_IS;
}

type Tagged = { readonly type: string };
type AuditShape = { readonly events: readonly Tagged[] };
type CommandShape = { readonly body: Tagged };
type Decoded = Record<string, unknown>;

const AUDIT: TaggedUnionMapping = {
  wrap(message) {
    const { events } = message as AuditShape;
    return {
      ...message,
      events: events.map((event) => ({ [`estop.audit.${event.type}`]: event })),
    };
  },
  unwrap(value) {
    const record = value as Decoded;
    record['events'] = (record['events'] as Decoded[]).map(unwrapBranch);
    return record;
  },
};

const COMMANDS: TaggedUnionMapping = {
  wrap(message) {
    const { body } = message as CommandShape;
    return { ...message, body: { [`estop.commands.${body.type}`]: body } };
  },
  unwrap(value) {
    const command = value as Decoded;
    command['body'] = unwrapBranch(command['body'] as Decoded);
    return command;
  },
};

/** What was decoded is nobody else's: it gets its type, and is not copied for it. */
function unwrapBranch(wrapped: Decoded): Decoded {
  for (const name in wrapped) {
    const record = wrapped[name] as Decoded;
    record['type'] = typeOf(name);
    return record;
  }
  throw new TypeError('an empty union');
}

const typeByName = new Map<string, string>();

function typeOf(name: string): string {
  let type = typeByName.get(name);
  if (type === undefined) {
    type = name.slice(name.lastIndexOf('.') + 1);
    typeByName.set(name, type);
  }
  return type;
}

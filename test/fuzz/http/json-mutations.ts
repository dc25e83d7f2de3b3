/** JSON that was valid once: members of another type, doubled, renamed, missing, or absurd. */
import fc from 'fast-check';

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

interface Edit {
  readonly kind: 'replace' | 'remove' | 'double' | 'add' | 'rename' | 'nest';
  /** Which of the values, in parts of their number. */
  readonly at: number;
  /** JSON text. */
  readonly raw: string;
  readonly name: string;
  readonly depth: number;
}

const PLACES = 10_000;

const ABSURD_VALUES = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-1',
  '1.5',
  '1e999',
  '-1e999',
  '1e-999',
  '4000000000000000',
  '9007199254740990',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775808',
  '1'.repeat(400),
  '""',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"\\u202e"',
  '"constructor"',
  '"999999999d"',
  '"0ms"',
  '"-1s"',
  '"billing-bot"',
  '"witness"',
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '{"a":{}}',
  '{"__proto__":{"a":1}}',
  '{"\\u005f_proto__":1}',
  '{"constructor":{"prototype":{}}}',
  '{"toString":1,"hasOwnProperty":2,"length":3}',
  '{"then":{}}',
  `"${'x'.repeat(300)}"`,
  `"${'é'.repeat(5_000)}"`,
  `"${'\u{1f6a6}'.repeat(3_000)}"`,
  `[${'0,'.repeat(3_000)}0]`,
  `{${Array.from({ length: 1_500 }, (_, index) => `"/k${index}":"user"`).join(',')}}`,
];
const ABSURD_NAMES = [
  '""',
  '"__proto__"',
  '"constructor"',
  '"\\ud800"',
  '"\\u0000"',
  '"/"',
  '"~"',
  '"agent"',
  '"id"',
  '"Id"',
  '"reason"',
  '"raiseBy"',
  '"publicKey"',
  `"${'n'.repeat(2_000)}"`,
];

const rawValues = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ABSURD_VALUES) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => JSON.stringify(text)),
  },
);

const edits: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom(
    'replace',
    'replace',
    'replace',
    'remove',
    'double',
    'add',
    'rename',
    'nest',
  ),
  at: fc.nat(PLACES - 1),
  raw: rawValues,
  name: fc.constantFrom(...ABSURD_NAMES),
  depth: fc.constantFrom(1, 31, 33, 5_000),
});

/** JSON text of the value, with up to three edits. */
export function mutatedJson(value: fc.Arbitrary<Json>): fc.Arbitrary<string> {
  const changes = fc.oneof(
    fc.constant([]),
    fc.array(edits, { minLength: 1, maxLength: 1 }),
    fc.array(edits, { minLength: 2, maxLength: 4 }),
  );
  return fc.tuple(value, changes).map(([valid, some]) => new Writer(valid, some).text());
}

/** Writes the text of a value, and counts the values on its way to know which are edited. */
class Writer {
  readonly #value: Json;
  readonly #editByPlace = new Map<number, Edit>();
  #place = 0;

  constructor(value: Json, changes: readonly Edit[]) {
    this.#value = value;
    const size = sizeOf(value);
    for (const edit of changes) this.#editByPlace.set(Math.floor((edit.at * size) / PLACES), edit);
  }

  text(): string {
    return this.#edited(this.#value, (text) => text);
  }

  /** `framed` makes a member of its object from the text of a value; in an array it is that text. */
  #edited(value: Json, framed: (text: string, name?: string) => string): string {
    const edit = this.#editByPlace.get(this.#place);
    this.#place += 1;
    const plain = this.#plain(value, edit);
    switch (edit?.kind) {
      case 'replace':
        return framed(edit.raw);
      case 'remove':
        return '';
      case 'double':
        return `${framed(plain)},${framed(edit.raw)}`;
      case 'rename':
        return framed(plain, edit.name);
      case 'nest':
        return framed(`${'['.repeat(edit.depth)}${plain}${']'.repeat(edit.depth)}`);
      default:
        return framed(plain);
    }
  }

  #plain(value: Json, edit: Edit | undefined): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    if (Array.isArray(value)) {
      return `[${present(value.map((item) => this.#edited(item, (text) => text)))}]`;
    }
    const members = Object.entries(value).map(([key, child]) =>
      this.#edited(child, (text, name = JSON.stringify(key)) => `${name}:${text}`),
    );
    if (edit?.kind === 'add') members.push(`${edit.name}:${edit.raw}`);
    return `{${present(members)}}`;
  }
}

function present(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(',');
}

function sizeOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, child) => sum + sizeOf(child as Json), 1);
}

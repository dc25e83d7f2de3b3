/**
 * A schema with some of its fields: who reads by it passes over all others without decoding them.
 * The rule by which a reader's schema may lack a writer's field:
 * https://avro.apache.org/docs/1.12.0/specification/#schema-resolution
 */

/** Where types stand in a type; a default or a text is none. */
const TYPE_KEYS = new Set(['type', 'fields', 'items', 'values']);

type Json = string | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** Every record of the schema with the fields of these names alone. */
export function projectionOf(schema: object, fields: ReadonlySet<string>): object {
  const definitions = new Map<string, JsonObject>();
  collect(schema as Json, definitions);
  const defined = new Set<string>();
  function project(type: Json): Json {
    if (typeof type === 'string') {
      const definition = definitions.get(type);
      // What defined it may have been left out.
      return definition === undefined || defined.has(type) ? type : project(definition);
    }
    if (isList(type)) return type.map(project);
    if (type === null) return type;
    const name = nameOf(type);
    if (name !== undefined) defined.add(name);
    const projected = Object.entries(type).map(([key, value]): [string, Json] => {
      if (key === 'fields' && isList(value)) return [key, value.filter(isKept).map(project)];
      return [key, TYPE_KEYS.has(key) ? project(value) : value];
    });
    return Object.fromEntries(projected);
  }
  const isKept = (field: Json): boolean => {
    return isObject(field) && typeof field['name'] === 'string' && fields.has(field['name']);
  };
  return project(schema as Json) as JsonObject;
}

function collect(type: Json, definitions: Map<string, JsonObject>): void {
  if (typeof type === 'string' || type === null) return;
  if (isList(type)) {
    for (const part of type) collect(part, definitions);
    return;
  }
  const name = nameOf(type);
  if (name !== undefined) definitions.set(name, type);
  for (const [key, part] of Object.entries(type)) {
    if (TYPE_KEYS.has(key)) collect(part, definitions);
  }
}

/** Of a type; a field has a name and no namespace. */
function nameOf({ name, namespace }: JsonObject): string | undefined {
  return typeof name === 'string' && typeof namespace === 'string'
    ? `${namespace}.${name}`
    : undefined;
}

function isList(type: Json): type is readonly Json[] {
  return Array.isArray(type);
}

function isObject(type: Json): type is JsonObject {
  return typeof type === 'object' && type !== null && !isList(type);
}

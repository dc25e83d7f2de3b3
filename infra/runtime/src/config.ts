/** The configuration of a service: the variables that its topology names, checked together. */
import {
  type Environment,
  type Problem,
  readVariables,
  type ValuesOf,
  type Variable,
} from './environment.ts';
import { VARIABLES, type VariableName } from './variables.ts';

type AllValues = ValuesOf<typeof VARIABLES>;
export type Config<Name extends VariableName> = Pick<AllValues, Name>;

/**
 * Reads the named variables. Throws EstopError `config-invalid` with everything that is wrong.
 * @example const { ESTOP_PORT } = readConfig(topology.variables, process.env);
 */
export function readConfig<const Name extends VariableName>(
  names: readonly Name[],
  environment: Environment,
): Config<Name> {
  const rows = names.map((name) => [name, VARIABLES[name]] as const);
  const table: Record<string, Variable<unknown>> = Object.fromEntries(rows);
  return readVariables(table, environment, (values) =>
    contradictions(values as Partial<AllValues>),
  ) as Config<Name>;
}

/** What is right alone but not together. Groups whose variables were not read are not judged. */
function contradictions(values: Partial<AllValues>): readonly Problem[] {
  return [
    ...allOrNone(values, ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD']),
    ...allOrNone(values, ['KAFKA_SSL_CERT', 'KAFKA_SSL_KEY']),
    ...allOrNone(values, ['SCHEMA_REGISTRY_USERNAME', 'SCHEMA_REGISTRY_PASSWORD']),
    ...allOrNone(values, ['ESTOP_JWT_ISSUER', 'ESTOP_JWT_JWKS_URL']),
  ];
}

function allOrNone(values: Partial<AllValues>, names: readonly VariableName[]): readonly Problem[] {
  const set = names.filter((name) => (values[name] ?? null) !== null);
  const missing = names.filter((name) => values[name] === null);
  if (set.length === 0 || missing.length === 0) return [];
  return [`${set.join(' and ')} is set without ${missing.join(' and ')}; give all of them or none`];
}

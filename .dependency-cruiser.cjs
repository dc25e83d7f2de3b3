// Who may import whom (DESIGN §10): schemas = what may be said, services = who decides and acts,
// infra = how it is carried, test = how we know.
'use strict';

const DOMAIN = '^services/([^/]+)/src/domain/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'schemas-import-nothing-of-ours',
      severity: 'error',
      from: { path: '^schemas/src/' },
      to: { path: '^(infra|services|test)/' },
    },
    {
      name: 'domain-imports-schemas-and-itself',
      severity: 'error',
      from: { path: DOMAIN },
      to: { pathNot: ['^schemas/src/', '^services/$1/src/domain/'] },
    },
    {
      name: 'infra-never-imports-a-service',
      severity: 'error',
      from: { path: '^infra/[^/]+/src/' },
      to: { path: '^services/' },
    },
    {
      name: 'runtime-imports-schemas-only',
      severity: 'error',
      from: { path: '^infra/runtime/src/' },
      to: { path: '^infra/(?!runtime/)' },
    },
    {
      name: 'kafka-only-in-its-adapter',
      comment: 'Above the port nothing knows which log it runs on.',
      severity: 'error',
      from: { path: '^(schemas|infra|services)/', pathNot: '^infra/[^/]+/(src/kafka|test)/' },
      to: { path: 'node_modules/(kafkajs|@kafkajs)/' },
    },
    {
      name: 'a-service-uses-another-by-its-doors',
      comment:
        'Its domain, or a file at the top of its sources; never what lies in its other folders.',
      severity: 'error',
      from: { path: '^services/([^/]+)/src/' },
      to: {
        path: '^services/[^/]+/src/',
        pathNot: [
          '^services/$1/',
          '^services/[^/]+/src/(domain/|[^/]+\\.ts$)',
          '^services/policy/src/adapters/fleet/',
        ],
      },
    },
    {
      name: 'nobody-imports-test',
      severity: 'error',
      from: { path: ['^schemas/src/', '^infra/[^/]+/src/', '^services/[^/]+/src/'] },
      to: { path: ['^test/', '/test/', '^infra/runtime/src/test-'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.test.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      // Sources, as the tests resolve them: no build is needed, and none is looked at.
      conditionNames: ['@estop/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'],
    },
  },
};

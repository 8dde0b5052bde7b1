// Who may import whom. Run by npm run check; project references enforce the first rule a second time, at compile time.

/** Technologies that belong in adapters. */
const TECHNOLOGIES = [
  '@nestjs',
  '@grpc',
  '@bufbuild',
  '@gqr/protos',
  'fastify',
  'pino',
  'prom-client',
  'kafkajs',
  '@qdrant',
  '@duckdb',
  'onnxruntime-node',
  'node-llama-cpp',
  'lmdb',
  'better-sqlite3',
  'usearch',
  'rxjs',
  'commander',
  'cli-progress',
  'cli-table3',
];
const CORE = ['fs', 'fs/promises', 'net', 'http', 'https', 'child_process', 'worker_threads', 'sqlite', 'readline', 'tty'];

const domain = '^services/[^/]+/src/domain/';
const test = '\\.(spec|contract)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle cannot be read, tested or replaced in parts.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'services-meet-over-the-wire',
      comment: 'A service uses another by its contract. What two of them share is in the chassis or in protos.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/[^/]+/', pathNot: ['^services/$1/', '^services/chassis/'] },
    },
    {
      name: 'outsiders-meet-services-over-the-wire',
      comment: 'Journeys and benchmarks use a service as its users do. bench.mjs alone sets up what npm start would.',
      severity: 'error',
      from: { path: '^(e2e|bench)/', pathNot: '^bench/bench\\.mjs$' },
      to: { path: '^services/', pathNot: '^services/chassis/' },
    },
    {
      name: 'chassis-knows-no-service',
      comment: 'The chassis knows no business words.',
      severity: 'error',
      from: { path: '^services/chassis/src/' },
      to: { path: '^(services/(?!chassis/)|protos/(gen/|dist/)?gqr/)' },
    },
    {
      name: 'domain-is-pure',
      comment: 'Domain code declares the ports that it needs; adapters bring the technology, and generated types stop there.',
      severity: 'error',
      from: { path: domain, pathNot: test },
      to: { path: [`^node_modules/(${TECHNOLOGIES.join('|')})/`, '^protos/', `^(node:)?(${CORE.join('|')})$`] },
    },
    {
      name: 'domain-knows-no-adapter',
      comment: 'app.module.ts alone says which adapter serves which port.',
      severity: 'error',
      from: { path: domain, pathNot: test },
      to: {
        path: [
          '^services/[^/]+/src/adapters/',
          '^services/[^/]+/src/(config|main|app\\.module)\\.ts$',
          '^services/chassis/(src|dist/src)/(grpc/(?!call\\.)|http/|logging/|metrics/|service/|config/|registry/directory|event-log/(sqlite|memory))',
        ],
      },
    },
    {
      name: 'tests-are-not-imported',
      comment: 'Code that ships does not rest on tests.',
      severity: 'error',
      from: { path: '^(services|protos)/', pathNot: [test, '/test/', '/dist'] },
      to: { path: ['^services/[^/]+/test/', test] },
    },
  ],
  options: {
    // Other packages are seen as compiled, and not looked into.
    doNotFollow: { path: ['node_modules', '/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};

// Writes the comments of the public contract into a TypeScript file, for the OpenAPI document: descriptors at run time have none.
// With --check it only says whether the file is up to date.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { getComments } from '@bufbuild/protoplugin';
import { format, resolveConfig } from 'prettier';

const SERVICE = 'gqr.recommendation.v1.RecommendationService';
const target = fileURLToPath(new URL('../src/adapters/http/openapi/contract-comments.ts', import.meta.url));
const buf = fileURLToPath(new URL('../../../node_modules/.bin/buf', import.meta.url));
const protos = fileURLToPath(new URL('../../../protos', import.meta.url));

const image = execFileSync(buf, ['build', '--as-file-descriptor-set', '-o', '-#format=binpb'], {
  cwd: protos,
  maxBuffer: 64 * 2 ** 20,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
const comments = new Map();

function note(name, desc) {
  const text = getComments(desc)
    .leading?.split('\n')
    .map((line) => line.trim())
    .join(' ')
    .trim();
  if (text) comments.set(name, text);
}

function visitEnum(desc) {
  if (comments.has(desc.typeName)) return;
  note(desc.typeName, desc);
  for (const value of desc.values) note(`${desc.typeName}.${value.name}`, value);
}

function visitMessage(desc) {
  if (comments.has(desc.typeName) || desc.typeName.startsWith('google.')) return;
  note(desc.typeName, desc);
  for (const field of desc.fields) {
    note(`${desc.typeName}.${field.name}`, field);
    if (field.message) visitMessage(field.message);
    if (field.enum) visitEnum(field.enum);
  }
}

for (const method of registry.getService(SERVICE).methods) {
  note(`${SERVICE}.${method.name}`, method);
  visitMessage(method.input);
  visitMessage(method.output);
}

const source = `// Written by scripts/describe-contract.mjs from the comments in protos/; do not edit.

/** Comments of the public contract by full name. */
export const contractComments: Readonly<Record<string, string>> = ${JSON.stringify(Object.fromEntries([...comments].sort()), null, 2)};
`;
const formatted = await format(source, { ...(await resolveConfig(target)), filepath: target });
if (!process.argv.includes('--check')) writeFileSync(target, formatted);
else if (readFileSync(target, 'utf8') !== formatted) {
  console.error('contract-comments.ts is out of date; run: npm run generate -w @gqr/gateway');
  process.exitCode = 1;
}

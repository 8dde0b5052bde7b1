import { create, type DescFile, type DescMessage, type DescMethod, type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { explainMalformed } from './malformed.js';

/** Encodes a message, or an initialiser of one. */
function encode(schema: DescMessage, message: unknown): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(schema, create(schema, message as Record<string, unknown>));
  return Buffer.from(buffer, byteOffset, byteLength);
}

function methodDefinition(method: DescMethod): MethodDefinition<unknown, unknown> {
  const kind = method.methodKind;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    originalName: method.localName,
    requestStream: kind === 'client_streaming' || kind === 'bidi_streaming',
    responseStream: kind === 'server_streaming' || kind === 'bidi_streaming',
    requestSerialize: (message) => encode(method.input, message),
    requestDeserialize: (bytes) => {
      try {
        return fromBinary(method.input, bytes);
      } catch (error) {
        return explainMalformed(method.input, bytes, error);
      }
    },
    responseSerialize: (message) => encode(method.output, message),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

/** The grpc-js definition of a service, straight from its generated descriptor. */
export function serviceDefinition(service: DescService): ServiceDefinition {
  return Object.fromEntries(service.methods.map((method) => [method.name, methodDefinition(method)]));
}

/** What Nest and server reflection take in place of .proto files: services and message types with their file descriptors. */
export function packageDefinition(services: readonly DescService[]): PackageDefinition {
  const files = new Map<string, Buffer>();
  const collect = (file: DescFile): void => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
    file.dependencies.forEach(collect);
  };
  services.forEach((service) => {
    collect(service.file);
  });
  const fileDescriptorProtos = [...files.values()];
  const definition: PackageDefinition = {};
  for (const service of services) {
    definition[service.typeName] = serviceDefinition(service) as PackageDefinition[string];
    for (const message of service.file.messages) {
      definition[message.typeName] = { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos } as never;
    }
  }
  return definition;
}

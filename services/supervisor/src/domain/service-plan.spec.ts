import { describe, expect, it } from 'vitest';
import { planPorts, planServices, type Site } from './service-plan.js';

const site: Site = {
  root: '/repo',
  dataDir: '/data',
  cacheDir: '/cache',
  host: '127.0.0.1',
  ports: planPorts({}),
  languageModel: { path: '/cache/model.gguf', sha256: 'ab', threads: 1 },
  gatewaySecret: 'secret',
  acceptOccurredAt: 'true',
  drainSeconds: 10,
};

function environmentOf(name: string, changed: Partial<Site> = {}): Readonly<Record<string, string>> {
  const plan = planServices({ ...site, ...changed }).find((candidate) => candidate.name === name);
  return plan?.environment ?? {};
}

describe('planPorts', () => {
  it('gives the documented ports', () => {
    expect(planPorts({})).toEqual({
      gateway: { grpc: 50_051, http: 8_080 },
      generation: { grpc: 50_052, http: 9_102 },
      ctr: { grpc: 50_053, http: 9_103 },
      cooccurrence: { grpc: 50_054, http: 9_104 },
      trainer: { grpc: 50_055, http: 9_105 },
      simulator: { grpc: 50_056, http: 9_106 },
    });
  });

  it('moves every port with one variable, without using one twice', () => {
    const ports = Object.values(planPorts({ base: 20_000 })).flatMap(({ grpc, http }) => [grpc, http]);
    expect(ports.sort()).toEqual(Array.from({ length: 12 }, (_, index) => 20_000 + index));
    expect(planPorts({ base: 20_000 }).gateway).toEqual({ http: 20_000, grpc: 20_001 });
  });

  it('lets a port of the gateway be named whatever the base is', () => {
    expect(planPorts({ base: 20_000, http: 80 }).gateway).toEqual({ http: 80, grpc: 20_001 });
  });
});

describe('planServices', () => {
  it('tells every service where all others are', () => {
    expect(environmentOf('ctr')).toMatchObject({
      GQR_GRPC_LISTEN: '127.0.0.1:50053',
      GQR_HTTP_LISTEN: '127.0.0.1:9103',
      GQR_GATEWAY_ADDRESS: '127.0.0.1:50051',
      GQR_TRAINER_ADDRESS: '127.0.0.1:50055',
      GQR_REGISTRY: '/data/registry',
      GQR_EVENT_LOG: '/data/events.sqlite',
    });
  });

  it('opens the gateway alone to the network, and still finds it over loopback', () => {
    expect(environmentOf('gateway', { host: '0.0.0.0' })).toMatchObject({
      GQR_HTTP_LISTEN: '0.0.0.0:8080',
      GQR_GATEWAY_ADDRESS: '127.0.0.1:50051',
    });
    expect(environmentOf('generation', { host: '0.0.0.0' })).toMatchObject({ GQR_GRPC_LISTEN: '127.0.0.1:50052' });
  });

  it('gives the secret to the gateway and the hidden world to the simulator, and to nobody else', () => {
    const holders = (variable: string): string[] =>
      planServices(site)
        .filter(({ environment }) => variable in environment)
        .map(({ name }) => name);
    expect(holders('GQR_GATEWAY_ID_SECRET')).toEqual(['gateway']);
    expect(holders('GQR_WORLD_DIR')).toEqual(['simulator']);
  });
});

/** Everything that is needed to run one service. */
export interface ServicePlan {
  readonly name: string;
  /** Compiled main file. */
  readonly main: string;
  /** host:port where it is reached. */
  readonly grpc: string;
  readonly http: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Services of a lower stage are stopped first: those who call, then those who are called. */
  readonly stopStage: number;
}

/** What differs from machine to machine. */
export interface Site {
  /** Root of the repository. */
  readonly root: string;
  readonly dataDir: string;
  readonly cacheDir: string;
  /** Where the gateway listens; every other service listens on loopback only. */
  readonly host: string;
  readonly ports: PortPlan;
  readonly languageModel: { readonly path: string; readonly sha256: string; readonly threads: number };
  /** Key under which the gateway signs impression ids. */
  readonly gatewaySecret: string;
  /** Whether the gateway takes the caller's word for when something happened, "true" or "false". */
  readonly acceptOccurredAt: string;
  readonly drainSeconds: number;
}

export type ServiceName = 'gateway' | 'generation' | 'ctr' | 'cooccurrence' | 'trainer' | 'simulator';
export type PortPlan = Readonly<Record<ServiceName, { readonly grpc: number; readonly http: number }>>;

const NAMES = ['gateway', 'generation', 'ctr', 'cooccurrence', 'trainer', 'simulator'] as const satisfies ServiceName[];

/**
 * The ports of all services. With a base they are consecutive from there: HTTP and console first, then gRPC of the gateway, then both
 * ports of each internal service; so that a second instance needs one variable. Without one they are the documented defaults.
 */
export function planPorts(wish: { base?: number | undefined; http?: number | undefined; grpc?: number | undefined }): PortPlan {
  const ports = NAMES.map((name, index): [ServiceName, { grpc: number; http: number }] => {
    if (wish.base !== undefined) {
      const first = wish.base + 2 * index;
      return [name, name === 'gateway' ? { http: first, grpc: first + 1 } : { grpc: first, http: first + 1 }];
    }
    return [name, { grpc: 50_051 + index, http: name === 'gateway' ? 8_080 : 9_101 + index }];
  });
  const plan = Object.fromEntries(ports) as Record<ServiceName, { grpc: number; http: number }>;
  return { ...plan, gateway: { http: wish.http ?? plan.gateway.http, grpc: wish.grpc ?? plan.gateway.grpc } };
}

const LOOPBACK = '127.0.0.1';

/** Where a server that listens on `host` is reached from this machine. */
function reachable(host: string): string {
  return host === '0.0.0.0' ? LOOPBACK : host;
}

/** Variables that only one service is given. What the simulator's users want stays with the simulator. */
function ownVariables(site: Site): Record<ServiceName, Record<string, string>> {
  const { languageModel } = site;
  const model = { GQR_LLM_MODEL: languageModel.path, GQR_LLM_MODEL_SHA256: languageModel.sha256 };
  return {
    gateway: {
      GQR_CONSOLE_DIR: `${site.root}/services/console/dist`,
      GQR_GATEWAY_ID_SECRET: site.gatewaySecret,
      GQR_GATEWAY_ACCEPT_OCCURRED_AT: site.acceptOccurredAt,
    },
    generation: {
      ...model,
      GQR_LLM_THREADS: String(languageModel.threads),
      GQR_TASKS_DIR: `${site.root}/services/generation/tasks`,
    },
    ctr: {},
    cooccurrence: {},
    trainer: { ...model, GQR_LEARNER_DIR: `${site.root}/services/learner`, GQR_CACHE: site.cacheDir },
    simulator: { GQR_WORLD_DIR: `${site.root}/services/simulator/world` },
  };
}

const STOP_STAGE: Readonly<Record<ServiceName, number>> = { simulator: 0, gateway: 0, trainer: 1, generation: 2, ctr: 2, cooccurrence: 2 };

/** How every service is run on one machine. */
export function planServices(site: Site): ServicePlan[] {
  const addressOf = (name: ServiceName, port: 'grpc' | 'http'): string =>
    `${name === 'gateway' ? reachable(site.host) : LOOPBACK}:${String(site.ports[name][port])}`;
  const shared: Record<string, string> = {
    GQR_DATA: site.dataDir,
    GQR_REGISTRY: `${site.dataDir}/registry`,
    GQR_EVENT_LOG: `${site.dataDir}/events.sqlite`,
    GQR_DRAIN_SECONDS: String(site.drainSeconds),
    // Barriers of parallel loops collapse when services share the cores.
    OMP_NUM_THREADS: '1',
    ...Object.fromEntries(NAMES.map((name) => [`GQR_${name.toUpperCase()}_ADDRESS`, addressOf(name, 'grpc')])),
  };
  const own = ownVariables(site);
  return NAMES.map((name) => {
    const listenHost = name === 'gateway' ? site.host : LOOPBACK;
    return {
      name,
      main: `${site.root}/services/${name}/dist/src/main.js`,
      grpc: addressOf(name, 'grpc'),
      http: addressOf(name, 'http'),
      environment: {
        ...shared,
        GQR_GRPC_LISTEN: `${listenHost}:${String(site.ports[name].grpc)}`,
        GQR_HTTP_LISTEN: `${listenHost}:${String(site.ports[name].http)}`,
        ...own[name],
      },
      stopStage: STOP_STAGE[name],
    };
  });
}

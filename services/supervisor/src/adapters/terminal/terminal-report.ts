import type { Ending, ServiceObserver, SupervisedService } from '../../domain/supervised-service.js';

const LOOK_EVERY_MS = 5_000;
const SHOWN_LOG_LINES = 15;

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function describe({ code, signal }: Ending): string {
  if (signal !== null) return `was killed by ${signal}`;
  return code === null ? 'could not be started' : `ended with exit status ${String(code)}`;
}

/** What a log line says: the message of a JSON line, any other line as it is. */
function readable(line: string): string {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === 'object' && entry !== null && 'msg' in entry && typeof entry.msg === 'string') return entry.msg;
  } catch {
    return line;
  }
  return line;
}

/** Tells the person at the terminal what happens to the services. */
export class TerminalReport implements Omit<ServiceObserver, 'changed'> {
  /** Services that have died since they were ready, and whether their crash loop was told of. */
  private readonly troubled = new Map<string, { loopTold: boolean }>();

  constructor(
    private readonly say: (line: string) => void,
    private readonly logOf: (service: string) => { readonly path: string; lastLines(count: number): string[] },
  ) {}

  becameReady(service: SupervisedService, startMs: number): void {
    const { name } = service.plan;
    const again = this.troubled.delete(name) ? ' again' : '';
    this.say(`✓ ${name} is ready${again} (${seconds(startMs)})`);
  }

  died(service: SupervisedService, ending: Ending, next: { delayMs: number; deathsInARow: number; crashLoop: boolean }): void {
    const { name } = service.plan;
    const loopTold = this.troubled.get(name)?.loopTold ?? false;
    this.troubled.set(name, { loopTold: loopTold || next.crashLoop });
    this.say(`✗ ${name} ${describe(ending)}; it is started again in ${seconds(next.delayMs)}`);
    if (!next.crashLoop || loopTold) return;
    const log = this.logOf(name);
    this.say(`  ${name} has died ${String(next.deathsInARow)} times in a row. The end of ${log.path}:`);
    for (const line of log.lastLines(SHOWN_LOG_LINES)) this.say(`    ${readable(line)}`);
  }

  /** Says what the services that are not ready wait for, whenever that changes; until the signal aborts. */
  tellOfPending(services: readonly SupervisedService[], until: AbortSignal): void {
    const told = new Map<string, string>();
    const timer = setInterval(() => {
      for (const { plan, state, pendingReason } of services) {
        if (state !== 'starting' || pendingReason === '' || told.get(plan.name) === pendingReason) continue;
        told.set(plan.name, pendingReason);
        this.say(`  ${plan.name} waits: ${pendingReason}`);
      }
    }, LOOK_EVERY_MS);
    until.addEventListener('abort', () => {
      clearInterval(timer);
    });
  }
}

/** Where everything is, and what to do next. */
export function welcome(options: { http: string; grpc: string; dataDir: string; readyMs: number; notReady: readonly string[] }): string {
  const { http, grpc, dataDir, readyMs, notReady } = options;
  const headline =
    notReady.length === 0
      ? `GQR is ready (${seconds(readyMs)}).`
      : `GQR serves, with less than it could: ${notReady.join(', ')} not ready. npx gqr status says why.`;
  return `
${headline}

  Console    http://${http}/
  HTTP API   http://${http}/v1/recommend
  gRPC       ${grpc}   gqr.recommendation.v1.RecommendationService
  State      ${dataDir} (logs in ${dataDir}/logs)

  Try        npx gqr recommend "how do I repot a monstera"
  Stop       Ctrl-C
`;
}

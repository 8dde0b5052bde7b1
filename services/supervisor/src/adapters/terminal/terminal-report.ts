import type { Ending, ServiceObserver, SupervisedService } from '../../domain/supervised-service.js';

const WAITING_EVERY_MS = 10_000;
const SHOWN_LOG_LINES = 5;

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
  private readonly troubled = new Set<string>();

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
    const log = this.logOf(name);
    this.troubled.add(name);
    this.say(`✗ ${name} ${describe(ending)}; it is started again in ${seconds(next.delayMs)}`);
    if (!next.crashLoop) return;
    this.say(`  ${name} has died ${String(next.deathsInARow)} times in a row. The end of ${log.path}:`);
    for (const line of log.lastLines(SHOWN_LOG_LINES)) this.say(`    ${readable(line)}`);
  }

  /** Says now and then which services are not ready yet, and why; until the signal aborts. */
  remindOfPending(services: readonly SupervisedService[], until: AbortSignal): void {
    const timer = setInterval(() => {
      for (const { plan, state, pendingReason } of services) {
        if (state !== 'ready') this.say(`  waiting for ${plan.name}${pendingReason === '' ? '' : `: ${pendingReason}`}`);
      }
    }, WAITING_EVERY_MS);
    until.addEventListener('abort', () => {
      clearInterval(timer);
    });
  }
}

/** What to do next, once everything is ready. */
export function welcome(options: { http: string; grpc: string; dataDir: string; readyMs: number }): string {
  const { http, grpc, dataDir, readyMs } = options;
  return `
GQR is ready (${seconds(readyMs)}).

  Console    http://${http}/
  HTTP API   http://${http}/v1/recommend
  gRPC       ${grpc}   gqr.recommendation.v1.RecommendationService
  State      ${dataDir} (logs in ${dataDir}/logs)

  Try        npx gqr recommend "how do I repot a monstera"
  Stop       Ctrl-C
`;
}

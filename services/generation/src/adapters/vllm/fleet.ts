import { OverloadedError } from '@gqr/chassis/errors';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import { BackendFaultError, BackendUnavailableError, UnusablePolicyError } from '../../domain/errors.js';
import { Replica } from './replica.js';
import { type ServerFacts, ServerFault, type TextPiece, type TextRequest, type TextServer } from './text-server.js';

export interface FleetOptions {
  readonly name: string;
  /** Addresses of all replicas at this moment; asked before every round of reconciliation. */
  readonly addresses: () => Promise<readonly string[]>;
  readonly connect: (address: string) => TextServer;
  /** Longest wait for the next piece of a text, or for any other answer. */
  readonly patienceMs: number;
  /** Time between two rounds of reconciliation. */
  readonly reconcileMs: number;
  /** How long requests are kept away from a replica that failed some times in a row. */
  readonly circuitMs: number;
  readonly now: () => number;
  /** Told when a replica becomes ready, with undefined, and when it ceases to be, with the reason. */
  readonly onChange: (address: string, reason: string | undefined) => void;
}

/** Attempts at one request, each at another replica. */
const ATTEMPTS = 3;
const RETRY_AFTER_MS = 1_000;

/**
 * The replicas that run the language model. Requests go to the one with the fewest under way. A request is made again, at another
 * replica, only if nothing of its text was passed on. A round of reconciliation every few seconds finds out who is ready, and gives every
 * replica the adapters that it should have: one that was restarted has none.
 */
export class Fleet {
  private replicas = new Map<string, Replica>();
  /** Folders of the adapters that every replica should have, by name. */
  private readonly wanted = new Map<string, string>();
  private readonly unwanted = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private closed = false;

  constructor(private readonly options: FleetOptions) {}

  /** Begins to look after the replicas; resolves after the first round. */
  async open(): Promise<void> {
    await this.reconcile();
    this.schedule();
  }

  /** What the replicas that are ready say of themselves. */
  get facts(): readonly ServerFacts[] {
    return this.ready().flatMap(({ facts }) => facts ?? []);
  }

  /** Why no replica is ready; undefined if one is. */
  get trouble(): string | undefined {
    if (this.ready().length > 0) return undefined;
    const reasons = [...this.replicas.values()].map(({ trouble }) => trouble ?? '');
    return reasons.length === 0 ? 'there is no replica' : reasons.join('; ');
  }

  async *write(request: TextRequest, limits: CallLimits): AsyncGenerator<TextPiece, void> {
    const tried = new Set<Replica>();
    for (;;) {
      const replica = this.choose(tried, request.adapter);
      let began = false;
      try {
        for await (const piece of replica.write(request, limits)) {
          began = true;
          yield piece;
        }
        return;
      } catch (error) {
        await this.onFault(error, { replica, tried, began, adapter: request.adapter, limits });
      }
    }
  }

  async scorePrompt(tokens: readonly number[], adapter: string, limits: CallLimits): Promise<readonly number[]> {
    const tried = new Set<Replica>();
    for (;;) {
      const replica = this.choose(tried, adapter);
      try {
        return await replica.ask((server, patient) => server.scorePrompt(tokens, adapter, patient), limits);
      } catch (error) {
        await this.onFault(error, { replica, tried, began: false, adapter, limits });
      }
    }
  }

  /**
   * Has every replica hold an adapter, those too that come later. Resolves as soon as all that are ready do.
   * @throws UnusablePolicyError if one of them refuses it, BackendUnavailableError if none is ready
   */
  async load(name: string, folder: string): Promise<void> {
    const ready = this.ready();
    if (ready.length === 0) throw this.unavailable();
    this.wanted.set(name, folder);
    this.unwanted.delete(name);
    const outcomes = await Promise.allSettled(ready.map((replica) => replica.load(name, folder)));
    const faults = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    const fatal = faults.find((fault) => fault instanceof ServerFault && fault.kind !== 'gone' && fault.kind !== 'late');
    if (fatal === undefined && faults.length < ready.length) return;
    this.wanted.delete(name);
    if (fatal === undefined) throw this.unavailable();
    await this.unload(name);
    throw new UnusablePolicyError(`${name} cannot be loaded: ${fatal instanceof Error ? fatal.message : ''}`);
  }

  /** Takes an adapter from every replica; from one that cannot be reached now, later. */
  async unload(name: string): Promise<void> {
    this.wanted.delete(name);
    this.unwanted.add(name);
    await Promise.allSettled(this.ready().map((replica) => replica.unload(name)));
  }

  /** Adapters that all ready replicas hold. */
  async listAdapters(): Promise<readonly string[]> {
    const ready = this.ready();
    if (ready.length === 0) throw this.unavailable();
    try {
      const lists = await Promise.all(ready.map((replica) => replica.listAdapters()));
      return (lists[0] ?? []).filter((name) => lists.every((list) => list.includes(name))).sort();
    } catch (error) {
      throw this.translate(error);
    }
  }

  /** One round of reconciliation; those who ask during one get its outcome. */
  reconcile(): Promise<void> {
    this.round ??= this.reconcileNow().finally(() => {
      this.round = undefined;
    });
    return this.round;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.round;
    await Promise.allSettled([...this.wanted.keys()].map((name) => this.unload(name)));
    for (const replica of this.replicas.values()) replica.close();
  }

  private schedule(): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      void this.reconcile().finally(() => {
        this.schedule();
      });
    }, this.options.reconcileMs).unref();
  }

  private async reconcileNow(): Promise<void> {
    // A name that cannot be resolved for a moment is no reason to leave the replicas that are known.
    const addresses = await this.options.addresses().catch(() => [...this.replicas.keys()]);
    for (const [address, replica] of this.replicas) {
      if (addresses.includes(address)) continue;
      replica.close();
      this.replicas.delete(address);
    }
    for (const address of addresses) {
      if (!this.replicas.has(address)) this.replicas.set(address, new Replica(this.options.connect(address), this.options));
    }
    await Promise.all([...this.replicas.values()].map((replica) => replica.reconcile(this.wanted, this.unwanted)));
  }

  private ready(): Replica[] {
    return [...this.replicas.values()].filter(({ trouble }) => trouble === undefined);
  }

  /** The ready replica with the fewest requests under way, one that has the adapter before one that would have to load it. */
  private choose(tried: ReadonlySet<Replica>, adapter: string): Replica {
    const [best] = this.ready()
      .filter((replica) => !tried.has(replica) && replica.open)
      .sort((a, b) => Number(b.has(adapter)) - Number(a.has(adapter)) || a.underWay - b.underWay);
    if (best === undefined) throw this.unavailable();
    return best;
  }

  /** Resolves if the request may be made again; rejects with what the caller is told otherwise. */
  private async onFault(
    error: unknown,
    {
      replica,
      tried,
      began,
      adapter,
      limits,
    }: { replica: Replica; tried: Set<Replica>; began: boolean; adapter: string; limits: CallLimits },
  ): Promise<void> {
    if (began || !(error instanceof ServerFault)) throw this.translate(error);
    const folder = this.wanted.get(adapter);
    if (error.kind === 'adapter-lost' && folder !== undefined && !tried.has(replica)) {
      // It was restarted since the last round. Its adapter is given back, and the same replica asked again, once.
      replica.forget(adapter);
      await replica.load(adapter, folder, limits).catch((fault: unknown) => {
        throw this.translate(fault);
      });
      return;
    }
    tried.add(replica);
    const elsewhere = error.kind === 'gone' || error.kind === 'full' || error.kind === 'adapter-lost';
    const others = this.ready().some((other) => !tried.has(other) && other.open);
    if (!elsewhere || !others || tried.size >= ATTEMPTS) throw this.translate(error);
  }

  private unavailable(): BackendUnavailableError {
    return new BackendUnavailableError(this.options.name, this.trouble ?? 'every replica failed a moment ago', RETRY_AFTER_MS);
  }

  private translate(error: unknown): unknown {
    if (!(error instanceof ServerFault)) return error;
    const { name } = this.options;
    switch (error.kind) {
      case 'gone':
      case 'late':
      case 'adapter-lost':
        return new BackendUnavailableError(name, error.message, RETRY_AFTER_MS);
      case 'full':
        return new OverloadedError(name, RETRY_AFTER_MS);
      case 'refused':
      case 'failed':
      case 'junk':
        return new BackendFaultError(name, error.message);
    }
  }
}

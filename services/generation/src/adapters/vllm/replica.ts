import { Circuit } from '@gqr/chassis/concurrency/circuit';
import { type CallLimits, unlimited } from '@gqr/chassis/grpc/call';
import { messageOf } from '@gqr/chassis/errors';
import { Patience } from './patience.js';
import { type ServerFacts, ServerFault, type TextPiece, type TextRequest, type TextServer } from './text-server.js';

export interface ReplicaOptions {
  readonly patienceMs: number;
  readonly circuitMs: number;
  readonly now: () => number;
  readonly onChange: (address: string, reason: string | undefined) => void;
}

const FAILURES_IN_ROW = 3;
/** Loading an adapter reads a file that may lie across a network. */
const LOAD_PATIENCE = 6;

/** Faults that say that a server is in trouble. One that is full, or refuses a request, is alive. */
const TROUBLE = new Set(['gone', 'late', 'failed', 'junk']);

/** One server of the fleet, and what is known of it. */
export class Replica {
  underWay = 0;
  facts: ServerFacts | undefined;
  private reason: string | undefined = 'it was not asked yet';
  private readonly adapters = new Set<string>();
  private readonly circuit: Circuit;

  constructor(
    private readonly server: TextServer,
    private readonly options: ReplicaOptions,
  ) {
    const { circuitMs, now } = options;
    this.circuit = new Circuit({ failures: FAILURES_IN_ROW, openMs: circuitMs, now, onChange: () => undefined });
  }

  /** Why it takes no requests; undefined if it does. */
  get trouble(): string | undefined {
    return this.reason;
  }

  /** Whether requests are let through just now, after those that failed. */
  get open(): boolean {
    const passage = this.circuit.enter();
    passage?.abandoned();
    return passage !== undefined;
  }

  has(adapter: string): boolean {
    return adapter === '' || this.adapters.has(adapter);
  }

  /** The adapter turned out not to be there any more. */
  forget(adapter: string): void {
    this.adapters.delete(adapter);
  }

  async *write(request: TextRequest, limits: CallLimits): AsyncGenerator<TextPiece, void> {
    const passage = this.enter();
    const patience = new Patience(limits, this.options.patienceMs);
    this.underWay++;
    let over = false;
    try {
      const heard = patience.renew.bind(patience);
      for await (const piece of this.server.write(request, patience.limits, heard)) yield piece;
      over = true;
      passage.succeeded();
    } catch (error) {
      over = true;
      const fault = this.explain(error, patience, limits);
      this.judge(fault, passage);
      throw fault;
    } finally {
      if (!over) passage.abandoned(); // the consumer has what it wanted
      this.underWay--;
      patience.release();
    }
  }

  /** Asks something that has one answer. */
  async ask<T>(question: (server: TextServer, limits: CallLimits) => Promise<T>, limits: CallLimits): Promise<T> {
    const passage = this.enter();
    const patience = new Patience(limits, this.options.patienceMs);
    this.underWay++;
    try {
      const answer = await question(this.server, patience.limits);
      passage.succeeded();
      return answer;
    } catch (error) {
      const fault = this.explain(error, patience, limits);
      this.judge(fault, passage);
      throw fault;
    } finally {
      this.underWay--;
      patience.release();
    }
  }

  async load(name: string, folder: string, limits: CallLimits = unlimited): Promise<void> {
    if (this.facts?.takesAdapters === false) throw new ServerFault('refused', this.server.address, 'it was started without LoRA');
    await this.patiently((patient) => this.server.loadAdapter(name, folder, patient), limits, LOAD_PATIENCE);
    this.adapters.add(name);
  }

  async unload(name: string): Promise<void> {
    this.adapters.delete(name);
    await this.patiently((patient) => this.server.unloadAdapter(name, patient), unlimited);
  }

  listAdapters(): Promise<readonly string[]> {
    return this.patiently((patient) => this.server.listAdapters(patient), unlimited);
  }

  /** Finds out whether the server is ready, and brings its adapters to what they should be. Never rejects. */
  async reconcile(wanted: ReadonlyMap<string, string>, unwanted: ReadonlySet<string>): Promise<void> {
    try {
      await this.patiently((patient) => this.server.checkReady(patient), unlimited);
      const facts = await this.patiently((patient) => this.server.describe(patient), unlimited);
      if (facts.takesAdapters && wanted.size + unwanted.size > 0) {
        const held = new Set(await this.listAdapters());
        this.adapters.clear();
        for (const name of held) this.adapters.add(name);
        for (const name of unwanted) if (held.has(name)) await this.unload(name);
        for (const [name, folder] of wanted) if (!held.has(name)) await this.load(name, folder);
      }
      this.facts = facts;
      this.become(undefined);
    } catch (error) {
      this.become(messageOf(error));
    }
  }

  close(): void {
    this.server.close();
  }

  private become(reason: string | undefined): void {
    if (reason === this.reason) return;
    this.reason = reason;
    this.options.onChange(this.server.address, reason);
  }

  private enter(): NonNullable<ReturnType<Circuit['enter']>> {
    const passage = this.circuit.enter();
    if (passage === undefined) throw new ServerFault('gone', this.server.address, 'it failed a moment ago');
    return passage;
  }

  private async patiently<T>(question: (limits: CallLimits) => Promise<T>, limits: CallLimits, times = 1): Promise<T> {
    const patience = new Patience(limits, this.options.patienceMs * times);
    try {
      return await question(patience.limits);
    } catch (error) {
      throw this.explain(error, patience, limits);
    } finally {
      patience.release();
    }
  }

  private explain(error: unknown, patience: Patience, limits: CallLimits): unknown {
    if (limits.signal.aborted) return limits.signal.reason;
    if (patience.ranOut) return new ServerFault('late', this.server.address, `nothing came for ${String(this.options.patienceMs)} ms`);
    return error;
  }

  private judge(fault: unknown, passage: NonNullable<ReturnType<Circuit['enter']>>): void {
    if (!(fault instanceof ServerFault)) passage.abandoned();
    else if (TROUBLE.has(fault.kind)) passage.failed();
    else passage.succeeded();
  }
}

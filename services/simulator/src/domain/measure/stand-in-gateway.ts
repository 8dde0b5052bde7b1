import { setImmediate } from 'node:timers/promises';
import type { Random } from '../random/random.js';
import type { Gateway, RecommendCall, RecommendedList } from '../simulation/gateway.js';
import type { StandInPolicy } from './stand-in-policies.js';

/** Shows the lists of a stand-in policy and keeps nothing: what a policy of known quality would get, without a gateway or a model. */
export class StandInGateway implements Gateway {
  private made = 0;

  constructor(
    private readonly name: string,
    private readonly policy: StandInPolicy,
    private readonly random: Random,
  ) {}

  async recommend(call: RecommendCall): Promise<RecommendedList> {
    // Nothing else here waits for anything: without this the service would hear nobody until the simulation has ended.
    await setImmediate();
    const queries = this.policy({ ...call, seconds: 0 }, call.task, this.random);
    return { impressionId: `stand-in-${++this.made}`, queries, degraded: false, makeshift: false, policy: this.name };
  }

  async recordClicks(): Promise<void> {
    // Nothing learns from these lists.
  }
}

import { ClickModel } from '../click/click-model.js';
import { draw, randomFor } from '../random/random.js';
import type { RelevanceJudge } from '../relevance/relevance-judge.js';
import type { Topic } from '../world/topic.js';
import type { World } from '../world/world.js';
import type { Behaviour, TaskId } from './behaviour.js';
import { Population } from './population.js';
import { SearchJourney } from './search-journey.js';
import { Session } from './session.js';
import { WritingJourney } from './writing-journey.js';

/** What a simulated population is made from. */
export interface PopulationSpec {
  readonly seed: bigint;
  readonly users: number;
  /** Tasks that are asked for; topics of other tasks do not come up. */
  readonly tasks: ReadonlySet<TaskId>;
}

function takesPart(topic: Topic, tasks: ReadonlySet<TaskId>): boolean {
  return topic.kind === 'writing' ? tasks.has('clarification') : tasks.has('suggestion') || tasks.has('hint');
}

/** The sessions of a population. The n-th session of a seed is the same user with the same wishes every time. */
export class SessionSource {
  private readonly population: Population;
  private readonly clickModel: ClickModel;
  private readonly topics: readonly Topic[];

  constructor(
    private readonly world: World,
    private readonly judge: RelevanceJudge,
    private readonly behaviour: Behaviour,
    private readonly spec: PopulationSpec,
  ) {
    this.population = new Population(spec.seed, spec.users, behaviour);
    this.clickModel = new ClickModel(behaviour, judge);
    this.topics = world.topics.filter((topic) => takesPart(topic, spec.tasks));
  }

  session(index: number): Session {
    const random = randomFor(this.spec.seed, 'session', index);
    const user = this.population.drawUser(random);
    const topic = draw(random, this.topics, ({ popularity }) => popularity ** this.behaviour.sessions.topicExponent);
    if (topic === undefined) throw new RangeError('the world has no topic for these tasks');
    const journey =
      topic.kind === 'search'
        ? new SearchJourney(this.world, this.judge, this.behaviour, topic, random)
        : new WritingJourney(this.judge, this.behaviour, topic, random);
    return new Session(user, journey, this.clickModel, this.behaviour, random);
  }
}

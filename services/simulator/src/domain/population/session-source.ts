import { ClickModel } from '../click/click-model.js';
import { drawIndex, type Random, randomFor, seedFor } from '../random/random.js';
import { BoundedCache } from '../relevance/bounded-cache.js';
import type { RelevanceJudge } from '../relevance/relevance-judge.js';
import type { Topic } from '../world/topic.js';
import type { World } from '../world/world.js';
import type { Behaviour, Drift, Segment, TaskId, WorldEvent } from './behaviour.js';
import { Population, type User } from './population.js';
import { SearchJourney } from './search-journey.js';
import { Session } from './session.js';
import { WritingJourney } from './writing-journey.js';

/** What a simulated population is made from. */
export interface PopulationSpec {
  readonly seed: bigint;
  readonly users: number;
  /** Tasks that are asked for; topics of other tasks do not come up. */
  readonly tasks: ReadonlySet<TaskId>;
  /**
   * Number of scripts: what a visitor is after and types is one of so many courses, and comes again and again. Who comes, and what is
   * clicked, does not. Left out or 0: every session has a course of its own.
   */
  readonly scripts?: number;
}

/** Whether a topic comes up when these tasks are asked for. */
export function takesPart(topic: Topic, tasks: ReadonlySet<TaskId>): boolean {
  return topic.kind === 'writing' ? tasks.has('clarification') : tasks.has('suggestion') || tasks.has('hint');
}

/** Bots of one wave share these many ids. */
const BOT_IDS = 5;

const isOn = ({ fromDay, toDay }: WorldEvent, day: number): boolean => day >= fromDay && day < toDay;

/** The sessions of a population. The n-th session of a seed and a day is the same user with the same wishes every time. */
export class SessionSource {
  private readonly population: Population;
  private readonly clickModel: ClickModel;
  private readonly topics: readonly Topic[];
  /** How often each topic comes up, by day. */
  private readonly weights = new BoundedCache<readonly number[]>(400);

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

  /** @param day days since the simulated time began, for what drifts and happens */
  session(index: number, day = 0): Session {
    const random = randomFor(this.spec.seed, 'session', index);
    const { seed, scripts = 0 } = this.spec;
    const course = scripts === 0 ? random : randomFor(seed, 'script', Math.floor(scripts * randomFor(seed, 'script of session', index)()));
    const user = this.userOf(index, day, random);
    const whole = Math.floor(day);
    const topic =
      this.topics[
        drawIndex(
          course,
          this.weights.get(String(whole), () => this.weightsOn(whole)),
        )
      ];
    if (topic === undefined) throw new RangeError('the world has no topic for these tasks');
    const journey =
      topic.kind === 'search'
        ? new SearchJourney(this.world, this.judge, this.behaviour, topic, course)
        : new WritingJourney(this.judge, this.behaviour, topic, course);
    return new Session(user, journey, this.clickModel, this.behaviour, { course, random });
  }

  /** Who comes: a person, with the tastes of the day, or a bot while a wave of them is on. */
  private userOf(index: number, day: number, random: Random): User {
    const person = this.population.drawUser(random);
    const { drift, events } = this.behaviour;
    const wave = events.find((event) => event.kind === 'bots' && isOn(event, day));
    if (wave?.kind === 'bots' && randomFor(this.spec.seed, 'bot', index)() < wave.share) {
      const id = `u-${seedFor(this.spec.seed, 'bot id', index % BOT_IDS)
        .toString(16)
        .padStart(16, '0')}`;
      return { ...person, id, initiative: 1, robot: wave.clicks };
    }
    return { ...person, segment: tasteOn(person.segment, drift, day) };
  }

  private weightsOn(day: number): number[] {
    const { sessions, drift, events } = this.behaviour;
    return this.topics.map(({ id, popularity }) => {
      const phase = Number(seedFor(this.spec.seed, `high day of ${id}`, 0) % 1_000n) / 1_000;
      const swing = Math.exp(drift.topicSwing * Math.sin(2 * Math.PI * (day / drift.topicPeriodDays + phase)));
      const trends = events.filter((event) => event.kind === 'trend' && event.topic === id && isOn(event, day));
      const trending = trends.reduce((factor, event) => (event.kind === 'trend' ? factor * event.factor : factor), 1);
      return popularity ** sessions.topicExponent * swing * trending;
    });
  }
}

function tasteOn(segment: Segment, { lengthPerDay, questionsPerDay }: Drift, day: number): Segment {
  return { ...segment, length: segment.length * (1 + lengthPerDay) ** day, questions: segment.questions * (1 + questionsPerDay) ** day };
}

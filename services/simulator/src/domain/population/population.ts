import { draw, drawAroundOne, drawNormal, type Random, randomFor, seedFor } from '../random/random.js';
import type { Behaviour, Segment } from './behaviour.js';

/** A simulated person. All but the id is hidden. */
export interface User {
  /** Pseudonym; says nothing about the person. */
  readonly id: string;
  readonly segment: Segment;
  /** Relative frequency of the user's sessions. */
  readonly activity: number;
  /** Factor on the attractiveness of every query; 0 for those who never click. */
  readonly appetite: number;
  /** Probability of typing the next query rather than leave with a need unmet. */
  readonly initiative: number;
  /** For a bot, the probability with which it clicks whatever it is shown. */
  readonly robot?: number;
}

function makeUser(seed: bigint, index: number, { population, segments }: Behaviour): User {
  const random = randomFor(seed, 'user', index);
  const segment = draw(random, segments, ({ share }) => share);
  if (segment === undefined) throw new RangeError('no segment has a share');
  const logit = Math.log(population.initiative / (1 - population.initiative)) + population.initiativeSpread * drawNormal(random);
  return {
    id: `u-${seedFor(seed, 'user id', index).toString(16).padStart(16, '0')}`,
    segment,
    activity: drawAroundOne(random, population.activitySpread),
    appetite: random() < population.neverClick ? 0 : drawAroundOne(random, population.appetiteSpread),
    initiative: 1 / (1 + Math.exp(-logit)),
  };
}

/** The users of a simulation: the same for the same seed, whatever the number of users is. */
export class Population {
  readonly users: readonly User[];
  /** Activity of all users up to each. */
  private readonly cumulative: readonly number[];

  constructor(seed: bigint, size: number, behaviour: Behaviour) {
    this.users = Array.from({ length: size }, (_, index) => makeUser(seed, index, behaviour));
    let total = 0;
    this.cumulative = this.users.map(({ activity }) => (total += activity));
  }

  /** Who comes next, in proportion to activity. */
  drawUser(random: Random): User {
    const mark = random() * (this.cumulative.at(-1) ?? 0);
    let low = 0;
    let high = this.users.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.cumulative[middle] ?? 0) > mark) high = middle;
      else low = middle + 1;
    }
    const user = this.users[low];
    if (user === undefined) throw new RangeError('the population is empty');
    return user;
  }
}

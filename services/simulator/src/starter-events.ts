import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { toJsonString } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { type Event, EventSchema } from '@gqr/protos/gqr/events/v1/events';
import { z } from 'zod';
import { addNextQueries } from './adapters/events/next-queries-of-events.js';
import { eventsOf } from './adapters/events/session-events.js';
import { readBehaviour } from './adapters/yaml/behaviour-file.js';
import { readWorld } from './adapters/yaml/topic-files.js';
import { TASK_IDS } from './domain/population/behaviour.js';
import { SessionSource } from './domain/population/session-source.js';
import { randomFor } from './domain/random/random.js';
import { RelevanceJudge } from './domain/relevance/relevance-judge.js';
import { SimulatedClock } from './domain/simulation/simulated-clock.js';
import { EarlierVisitors } from './domain/starter/earlier-visitors.js';
import { NightlyNextQueries } from './domain/starter/nightly-next-queries.js';
import { recordSession } from './domain/starter/record-session.js';

// Writes the starter sessions: gqr.events.v1.Event as JSON lines, gzipped, in order of time. The same options write the same bytes.
//   node dist/src/starter-events.js --out FILE [--seed 1] [--sessions 900] [--earlier 6000] [--days 14] [--end 2026-11-22] [--cooccurrence N] [--world DIR]
// `--end` is the last day (UTC). `--earlier` visitors come before the first session; their typed queries make the lists.
// `--cooccurrence N` writes into each impression what a co-occurrence index of all days before its own knew of the query: what followed it at
// least N times (the trainer's default is 2), as a gateway records what it told its models.
const whole = (most: number) => z.coerce.number<string>().int().min(1).max(most);
const optionsSchema = z.object({
  out: z.string('is required: the file to write'),
  seed: z.string().regex(/^\d+$/, 'must be a whole number').default('1'),
  sessions: whole(100_000).default(900),
  earlier: whole(1_000_000).default(6_000),
  users: whole(100_000).default(200),
  days: whole(14).default(14),
  end: z.iso.date('must be a day such as 2026-11-22').default('2026-11-22'),
  cooccurrence: whole(1_000).optional(),
  world: z.string().default('world'),
});
const names = Object.keys(optionsSchema.shape);
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])) });
const options = optionsSchema.safeParse(values);
if (!options.success) {
  for (const { path, message } of options.error.issues) console.error(`--${path.join('.')}: ${message}`);
  process.exit(1);
}
const { out, sessions, earlier, users, days } = options.data;

const everything = readWorld(options.data.world);
const world = everything.only('training');
const judge = new RelevanceJudge(everything);
const spec = { users, tasks: new Set(TASK_IDS) };
const seed = BigInt(options.data.seed);
const visitors = new EarlierVisitors();
const before = new SessionSource(world, judge, readBehaviour(options.data.world), { ...spec, seed: seed + 1n });
for (let index = 0; index < earlier; index++) visitors.add(before.session(index));

const source = new SessionSource(world, judge, readBehaviour(options.data.world), { ...spec, seed });
const clock = new SimulatedClock(new Date(`${options.data.end}T23:00:00Z`), days);
const events: Event[] = [];
for (let index = 0; index < sessions; index++) {
  const session = source.session(index);
  const random = randomFor(seed, 'starter list', index);
  const startsAt = clock.at((index + random()) / sessions);
  const records = recordSession(session, visitors, random);
  events.push(...eventsOf(records, { sessionId: `starter-${seed}-${index}`, userId: session.user.id, startsAt }));
}
const momentOf = ({ event }: Event): number => (event.value?.occurredAt === undefined ? 0 : timestampMs(event.value.occurredAt));
events.sort((a, b) => momentOf(a) - momentOf(b));
if (options.data.cooccurrence !== undefined) addNextQueries(events, new NightlyNextQueries(options.data.cooccurrence));
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, gzipSync(events.map((event) => `${toJsonString(EventSchema, event)}\n`).join(''), { level: 9 }));
const count = (kind: Event['event']['case']): number => events.filter(({ event }) => event.case === kind).length;
console.log(JSON.stringify({ sessions, userQueries: count('userQuery'), impressions: count('impression'), clicks: count('click'), out }));

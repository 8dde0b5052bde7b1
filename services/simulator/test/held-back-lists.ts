import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ShownList } from '../src/domain/truth/ground-truth.js';
import type { World } from '../src/domain/world/world.js';

const schema = z.object({
  task: z.enum(['suggestion', 'clarification']),
  scene: z.string(),
  need: z.string().optional(),
  lists: z.record(z.string(), z.array(z.string())),
});

/** Queries that most people ask, about anything. */
const POPULAR = ['lower back pain causes', 'where can i watch yellowstone', 'how to learn spanish', 'best used cars under 10000'];

/** Lists under one answer by the kind of their making. */
export interface HeldBackLists {
  readonly scene: string;
  readonly kinds: ReadonlyMap<string, ShownList>;
}

/** Good lists and hacked ones, written by hand without a look at the world's phrasings, on topics for evaluation. */
export function* heldBackLists(world: World): Generator<HeldBackLists> {
  const lines = readFileSync(new URL('../../test/held-back-lists.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  for (const { task, scene, need, lists } of lines.map((line) => schema.parse(JSON.parse(line)))) {
    const [topicId = '', requestId] = scene.split('/');
    const topic = world.topic(topicId);
    const intent = topic?.kind === 'search' ? topic.intents.find(({ id }) => id === need) : undefined;
    const request = topic?.kind === 'writing' ? topic.requests.find(({ id }) => id === requestId) : undefined;
    const query = (intent ?? request)?.phrasings[0] ?? '';
    const response = intent?.answer ?? request?.draft ?? '';
    const all = { ...lists, copies: ['', '?', '??'].map((end) => query + end), popular: POPULAR };
    const size = lists['good']?.length ?? 0;
    yield {
      scene,
      kinds: new Map(
        Object.entries(all).map(([kind, texts]) => [kind, { task, query, response, history: [], texts: texts.slice(0, size), ignored: 0 }]),
      ),
    };
  }
}

import type { Behaviour } from '../population/behaviour.js';
import type { World } from '../world/world.js';

/** Shorter ids are words that anybody may type. */
const TELLING_ID = /^[a-z0-9]+(-[a-z0-9]+){2,}$/;

/**
 * Texts by which hidden state would be known where it has no place: what needs are called and how they are described, ids, and the names
 * of what is hidden of users and of clicks. Nobody types them, and no answer holds them.
 */
export function hiddenWords(world: World, behaviour: Behaviour): string[] {
  const words = new Set([
    '"appetite"',
    '"initiative"',
    '"segment"',
    '"examination"',
    '"neverClick"',
    '"never_click"',
    '"expectedClickRate"',
  ]);
  const said = new Set<string>();
  for (const topic of world.topics) {
    for (const item of topic.kind === 'search' ? topic.intents : topic.requests) {
      if ('need' in item) words.add(item.need);
      if (TELLING_ID.test(item.id)) words.add(item.id);
      for (const text of item.phrasings) said.add(text);
      said.add('answer' in item ? item.answer : item.draft);
      if (!('facets' in item)) continue;
      for (const facet of item.facets) for (const text of [facet.becomes, ...facet.phrasings]) said.add(text);
    }
  }
  for (const { id } of behaviour.segments) words.add(`"${id}"`);
  const spoken = [...said].join('\n');
  return [...words].filter((word) => !spoken.includes(word));
}

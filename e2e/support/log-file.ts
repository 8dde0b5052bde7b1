import { writeFileSync } from 'node:fs';

const DAY_MS = 86_400_000;

/** A query that the sessions of the file ask, and what they ask next: by how many sessions. */
export const PLANTED = {
  query: 'how do i tune a hurdy-gurdy',
  next: [
    { query: 'hurdy-gurdy cotton for strings', count: 9 },
    { query: 'hurdy-gurdy wheel rosin how often', count: 6 },
    { query: 'hurdy-gurdy lessons near me', count: 4 },
  ],
} as const;

const SHOWN = [
  ['what does it cost', 'how does it work', 'is it safe'],
  ['how long does it last', 'where can i buy one', 'what do people say'],
  ['who invented it', 'how do i clean it', 'can i rent one'],
];
const SUBJECTS = ['heat pump', 'cargo bike', 'standing desk', 'rice cooker', 'wood stove', 'e-reader', 'dehumidifier', 'projector'];

/** An event in proto3 JSON, as `npx gqr events import` takes it. */
type EventJson = Readonly<Record<string, object>>;

function plantedSessions(now: number): EventJson[] {
  const nexts = PLANTED.next.flatMap(({ query, count }) => Array.from({ length: count }, () => query));
  return nexts.flatMap((next, session) => {
    const startedAt = now - (session + 1) * 3_600_000;
    return [PLANTED.query, next].map((query, turn) => ({
      userQuery: {
        eventId: `planted-${String(session)}-${String(turn)}`,
        sessionId: `planted-${String(session)}`,
        occurredAt: new Date(startedAt + turn * 60_000).toISOString(),
        query,
      },
    }));
  });
}

/** Lists that were shown over the last days, and clicks on those queries that ask how: something that a click predictor can learn. */
function shownLists(now: number, lists: number, days: number): EventJson[] {
  return Array.from({ length: lists }, (_, index): EventJson[] => {
    const subject = SUBJECTS[index % SUBJECTS.length] ?? '';
    const texts = SHOWN[index % SHOWN.length] ?? [];
    const shownAt = now - days * DAY_MS + (index * days * DAY_MS) / lists;
    const [impressionId, sessionId] = [`imported-${String(index)}`, `imported-session-${String(index)}`];
    const occurredAt = new Date(shownAt).toISOString();
    const query = `${subject} review`;
    const position = texts.findIndex((text) => text.startsWith('how')) + 1;
    const click = {
      click: {
        eventId: `${impressionId}#${String(position)}`,
        impressionId,
        sessionId,
        occurredAt: new Date(shownAt + 20_000).toISOString(),
        position,
      },
    };
    return [
      { userQuery: { eventId: `imported-query-${String(index)}`, sessionId, occurredAt, query } },
      {
        impression: {
          impressionId,
          sessionId,
          occurredAt,
          taskId: 'suggestion',
          context: { query, response: `Here is what we found about the ${subject}.` },
          queries: texts.map((text, at) => ({ text: `${text}: ${subject}`, position: at + 1, source: 'SOURCE_GENERATION' })),
        },
      },
      ...(index % 4 === 0 ? [] : [click]),
    ];
  }).flat();
}

/**
 * Writes what a search backend logged over the last days to a file of JSON lines: sessions that ask PLANTED, and lists with clicks.
 * @returns number of events
 */
export function writeLogFile(path: string): number {
  const now = Date.now() - 600_000;
  const events = [...plantedSessions(now), ...shownLists(now, 240, 5)];
  writeFileSync(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return events.length;
}

import { describe, expect, it } from 'vitest';
import { linesOf } from './lines.js';

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function read(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const lines = [];
  for await (const line of linesOf(stream)) lines.push(line);
  return lines;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('the lines of a stream', () => {
  it('are put together over chunks, also within a character', async () => {
    const bytes = utf8('één\r\ntwo\nlast');
    expect(await read(streamOf(bytes.slice(0, 1), bytes.slice(1, 9), bytes.slice(9)))).toEqual(['één', 'two', 'last']);
  });

  it('are none of an empty stream', async () => {
    expect(await read(streamOf())).toEqual([]);
  });

  it('cancel the stream when the reader has seen enough', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(utf8('again\n')),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const line of linesOf(stream)) if (line === 'again') break;
    expect(cancelled).toBe(true);
  });
});

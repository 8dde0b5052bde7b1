import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** How much of a body that nobody wants is read before the connection is given up. */
export interface DrainBounds {
  readonly maxBytes: number;
  readonly maxMs: number;
}

/**
 * Reads what is left of a body before the request is answered without it: one that is too large, of the wrong type or from a page
 * of another origin. Were it answered and closed at once, the system would reset the connection under a caller who is still writing, and the
 * caller would see a broken pipe in place of the answer. Whoever sends more than the bounds allow gets the answer as far as it travels,
 * and the connection is closed.
 */
export function readRefusedBodies(http: FastifyInstance, bounds: DrainBounds): void {
  http.addHook('onSend', async (request, reply, payload) => {
    if (!request.raw.complete && !(await drain(request.raw, bounds))) void reply.header('connection', 'close');
    return payload;
  });
}

/** Reads `body` to its end and throws it away; false if it has not ended within the bounds or its sender is gone. */
async function drain(body: IncomingMessage, { maxBytes, maxMs }: DrainBounds): Promise<boolean> {
  const ended = Promise.withResolvers<boolean>();
  let bytes = 0;
  const giveUp = (): void => {
    ended.resolve(false);
  };
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > maxBytes) giveUp();
  };
  const end = (): void => {
    ended.resolve(true);
  };
  const timer = setTimeout(giveUp, maxMs);
  body.on('data', count).once('end', end).once('close', giveUp);
  try {
    return await ended.promise;
  } finally {
    clearTimeout(timer);
    body.off('data', count).off('end', end).off('close', giveUp);
  }
}

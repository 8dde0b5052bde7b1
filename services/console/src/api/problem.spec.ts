import { describe, expect, it } from 'vitest';
import { problemInLine, problemOf } from './problem.js';

const STATUS = {
  code: 3,
  message: 'invalid request',
  details: [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'INVALID_REQUEST', domain: 'gqr', metadata: {} },
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: 'query', description: 'must not be empty' }] },
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.500s' },
  ],
};

describe('a problem', () => {
  it('has reason, violations and the wait of a status with details', () => {
    expect(problemOf(JSON.stringify(STATUS), 400)).toEqual({
      title: 'The gateway could not take this request',
      message: 'invalid request',
      reason: 'INVALID_REQUEST',
      violations: [{ field: 'query', description: 'must not be empty' }],
      retryAfterMs: 1500,
    });
  });

  it('is told even by a status of an unknown code without details', () => {
    expect(problemOf('{"code": 13, "message": "internal error"}', 500)).toEqual({
      title: 'The gateway failed',
      message: 'internal error',
      reason: 'CODE_13',
      violations: [],
    });
  });

  it.each(['<html>Bad gateway</html>', '', '[]', '"text"', '{"statusCode": 413, "message": "too large"}', '{"code": "x"}'])(
    'names the HTTP status where the body is %j',
    (body) => {
      expect(problemOf(body, 502)).toMatchObject({ title: 'The gateway answered with HTTP 502', reason: 'UNREADABLE' });
    },
  );

  it('stands in a line of a stream under "error"', () => {
    expect(problemInLine(JSON.stringify({ error: STATUS }))).toMatchObject({ reason: 'INVALID_REQUEST' });
    expect(problemInLine('{"error": 7}')).toMatchObject({ reason: 'UNREADABLE' });
    expect(problemInLine('{"recommendation": {}}')).toBeUndefined();
    expect(problemInLine('{"cut o')).toBeUndefined();
  });
});

import { CallEndedError } from '@gqr/chassis/errors';
import { unlimited } from '@gqr/chassis/grpc/call';
import { expect, it } from 'vitest';
import { FakeTaskSource } from '../../../test/fakes/fake-task-source.js';
import { hint, suggestion } from '../../../test/fakes/tasks.js';
import { TaskCatalogue } from './task-catalogue.js';

it('lists the tasks in order of id', async () => {
  const catalogue = new TaskCatalogue(new FakeTaskSource([suggestion, hint]), { timeoutMs: 1000 });
  expect((await catalogue.list(unlimited)).map((task) => task.id)).toEqual(['hint', 'suggestion']);
});

it('asks its source once for callers who come at the same time', async () => {
  const source = new FakeTaskSource([suggestion]);
  const catalogue = new TaskCatalogue(source, { timeoutMs: 1000 });
  await Promise.all([catalogue.list(unlimited), catalogue.list(unlimited)]);
  expect(source.asked).toBe(1);
});

it('keeps the last known tasks while their source is away', async () => {
  const source = new FakeTaskSource([suggestion]);
  const catalogue = new TaskCatalogue(source, { timeoutMs: 1000 });
  await catalogue.refresh();
  source.fail('unavailable');
  await expect(catalogue.refresh()).rejects.toMatchObject({ reason: 'GENERATION_UNAVAILABLE' });
  expect((await catalogue.list(unlimited)).map((task) => task.id)).toEqual(['suggestion']);
});

it('learns of a new task', async () => {
  const source = new FakeTaskSource([suggestion]);
  const catalogue = new TaskCatalogue(source, { timeoutMs: 1000 });
  await catalogue.refresh();
  source.tasks = [suggestion, { ...suggestion, id: 'completion' }];
  await catalogue.refresh();
  expect((await catalogue.list(unlimited)).map((task) => task.id)).toEqual(['completion', 'suggestion']);
});

it('fails with the fault of its source when no task was ever known', async () => {
  const source = new FakeTaskSource([suggestion]);
  source.fail('unavailable');
  const catalogue = new TaskCatalogue(source, { timeoutMs: 1000 });
  await expect(catalogue.list(unlimited)).rejects.toMatchObject({ reason: 'GENERATION_UNAVAILABLE' });
});

it('does not hold a caller beyond its deadline, and goes on asking for the others', async () => {
  const source = new FakeTaskSource([suggestion]);
  source.delayMs = 50;
  const catalogue = new TaskCatalogue(source, { timeoutMs: 1000 });
  const gone = new AbortController();
  const leaving = catalogue.list({ signal: gone.signal, deadline: Infinity });
  const staying = catalogue.list(unlimited);
  gone.abort(new CallEndedError('deadline'));
  await expect(leaving).rejects.toThrow(CallEndedError);
  expect(await staying).toHaveLength(1);
});

import { learnerPython, NO_LEARNER } from '@gqr/chassis/testing/learner-python';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { GrpcTextServer } from '../../src/adapters/vllm/grpc-text-server.js';
import { NO_MODEL, realModel } from '../real-model.js';
import { liveServerContract, PATIENCE_MS, STARTER } from './live-server.contract.js';
import { RolloutServer } from './rollout-server.js';

const absent = realModel === undefined ? NO_MODEL : learnerPython === undefined ? NO_LEARNER : undefined;

describe("with a real language model in the learner's rollout server", () => {
  if (absent !== undefined) {
    it('writes lists', ({ skip }) => {
      skip(true, absent);
    });
    return;
  }
  let server: RolloutServer;
  beforeAll(async () => {
    server = await RolloutServer.start(learnerPython ?? '', realModel?.path ?? '', { adaptersFolder: STARTER, maxTokens: 512 });
  }, PATIENCE_MS);
  afterAll(() => server.stop());

  liveServerContract('the rollout server', () => ({
    address: server.address,
    scores: true,
    connect: (address) => new GrpcTextServer(address),
  }));
});

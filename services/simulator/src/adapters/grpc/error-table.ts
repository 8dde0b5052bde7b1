import { type ErrorRow, row } from '@gqr/chassis/grpc/error-table';
import { status } from '@grpc/grpc-js';
import { SimulationRunningError, UnknownPolicyError, UnknownSimulationError } from '../../domain/simulation/simulations.js';
import { WorldError } from '../world-error.js';

/** How this service's own errors are answered. */
export const errorTable: readonly ErrorRow[] = [
  row(UnknownSimulationError, () => ({ code: status.NOT_FOUND, reason: 'SIMULATION_NOT_FOUND' })),
  row(UnknownPolicyError, () => ({ code: status.INVALID_ARGUMENT, reason: 'UNKNOWN_POLICY' })),
  row(WorldError, () => ({ code: status.INVALID_ARGUMENT, reason: 'WORLD_UNUSABLE' })),
  row(SimulationRunningError, ({ runningId }) => ({
    code: status.FAILED_PRECONDITION,
    reason: 'SIMULATION_RUNNING',
    metadata: { simulation_id: runningId },
  })),
];

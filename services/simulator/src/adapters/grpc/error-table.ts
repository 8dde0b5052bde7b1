import { type ErrorRow, row } from '@gqr/chassis/grpc/error-table';
import { status } from '@grpc/grpc-js';
import { SimulationRunningError, UnknownSimulationError } from '../../domain/simulation/simulations.js';

/** How this service's own errors are answered. */
export const errorTable: readonly ErrorRow[] = [
  row(UnknownSimulationError, () => ({ code: status.NOT_FOUND, reason: 'SIMULATION_NOT_FOUND' })),
  row(SimulationRunningError, ({ runningId }) => ({
    code: status.FAILED_PRECONDITION,
    reason: 'SIMULATION_RUNNING',
    metadata: { simulation_id: runningId },
  })),
];

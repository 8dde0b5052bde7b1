import { grpcClient } from '@gqr/chassis/grpc/client';
import { RecommendationService } from '@gqr/protos/gqr/recommendation/v1/recommendation';

const PATIENCE_MS = 120_000;

/** Asks for lists of every task, one after the other, so that everything that is made on first use is there. */
export async function recommendEverything(grpc: string, lists: number): Promise<void> {
  const client = grpcClient(RecommendationService, grpc);
  const { tasks } = await client.listTasks({}, { deadline: Date.now() + PATIENCE_MS });
  for (let index = 0; index < lists; index++) {
    const taskId = tasks[index % tasks.length]?.taskId ?? '';
    const query = `how do i keep bees, part ${String(index)}`;
    await client.recommend({ taskId, query, response: 'Begin with one hive. '.repeat(10) }, { deadline: Date.now() + PATIENCE_MS });
  }
  client.close();
}

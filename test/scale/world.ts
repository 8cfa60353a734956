import type { Scenario } from '../chaos/scenario.ts';
import type { Backend, Shape } from '../chaos/stage/stage.ts';
import type { RedisProgram } from '../support/redis-process.ts';

/** One way to grow past a machine, with what goes wrong in it. */
export interface World {
  readonly name: string;
  readonly backend: Backend;
  open(redis: () => RedisProgram): Promise<OpenWorld>;
}

export interface OpenWorld {
  readonly shape: Shape;
  readonly scenario: Scenario;
  close(): Promise<void>;
}

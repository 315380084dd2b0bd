export type { RestartLimits } from '../core/restart-limit.ts';
export { type AsWorkerOptions, runAsWorker } from './run-as-worker.ts';
export { runWorkers, type ServeOptions, type Workers, type WorkersOptions } from './run-workers.ts';
export type { WorkerState } from './worker-process.ts';
export type { WorkerHealth, WorkersHealth } from './workers-health.ts';

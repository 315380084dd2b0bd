import { seconds } from '../report/duration.ts';
import { type HealthStatus, type RouterHealth, worstStatus } from '../report/health.ts';
import type { WorkerProcess, WorkerState } from './worker-process.ts';

/** The health of all workers, shaped for liveness and readiness probes. */
export interface WorkersHealth {
  /** That of the worst worker. */
  readonly status: HealthStatus;
  /** They are not stopped, and none was given up. */
  readonly live: boolean;
  /** Every worker takes messages in. */
  readonly ready: boolean;
  readonly workers: readonly WorkerHealth[];
}

/** The health of one worker. */
export interface WorkerHealth {
  readonly worker: number;
  readonly pid: number | undefined;
  readonly state: WorkerState;
  readonly restarts: number;
  /** In words: "worker 1: running since 12 s; 2 restarts, the last time: killed by SIGKILL". */
  readonly text: string;
  /** Null: it has not answered yet. */
  readonly router: RouterHealth | null;
}

/** A worker that has not answered for so long is not healthy: something blocks its main thread. */
const SILENT_MS_MAX = 1_000;

export function workersHealth(workers: readonly WorkerProcess[], live: boolean): WorkersHealth {
  const all = workers.map((worker) => ({ status: statusOf(worker), health: healthOf(worker) }));
  const ready = all.every(({ status, health }) => status !== 'unhealthy' && health.router?.ready === true);
  const status = worstStatus(all.map(({ status }) => status));
  return { status: ready ? status : 'unhealthy', live, ready: live && ready, workers: all.map(({ health }) => health) };
}

function statusOf({ state, silentMs, reading }: WorkerProcess): HealthStatus {
  return state !== 'running' || silentMs >= SILENT_MS_MAX ? 'unhealthy' : (reading?.health.status ?? 'unhealthy');
}

function healthOf({ number, pid, state, sinceMs, silentMs, restarts, lastExit, reading }: WorkerProcess): WorkerHealth {
  const parts = [`worker ${number}: ${state} since ${seconds(sinceMs)}`];
  if (silentMs >= SILENT_MS_MAX) parts.push(`it has not answered for ${seconds(silentMs)}`);
  if (lastExit !== '') parts.push(`${restarts} ${restarts === 1 ? 'restart' : 'restarts'}, the last time: ${lastExit}`);
  return { worker: number, pid, state, restarts, text: parts.join('; '), router: reading?.health ?? null };
}

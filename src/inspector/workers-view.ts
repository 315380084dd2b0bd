import type { ClusterView } from '../core/cluster-view.ts';
import type { HealthStatus } from '../report/health.ts';

/** What the page of all workers shows. */
export interface WorkersView {
  /** In ms since 1970. */
  readonly at: number;
  readonly health: {
    readonly status: HealthStatus;
    readonly workers: readonly {
      readonly worker: number;
      readonly state: string;
      readonly pid: number | undefined;
      readonly restarts: number;
      readonly text: string;
    }[];
  };
  /** By worker. */
  readonly totals: readonly { readonly delivered: number; readonly waiting: number }[];
  /** By the name of the source. */
  readonly clusters: Readonly<Record<string, ClusterView>>;
}

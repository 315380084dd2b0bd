/** What the host of a source should know. */
export interface ClusterAlert {
  /**
   * `source-halted`: the partition waits for an operator, because its log went back or is partitioned otherwise.
   * `source-failed`: the owner threw; the partition is offered again after a lease.
   * `source-unreachable`: the broker does not answer; `source-reachable`: it does again.
   */
  readonly kind: 'source-halted' | 'source-failed' | 'source-unreachable' | 'source-reachable';
  /** Undefined: it concerns all. */
  readonly partition: number | undefined;
  readonly text: string;
}

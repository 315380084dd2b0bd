/** What the host of a source should know. */
export interface ClusterAlert {
  /**
   * `source-halted`: the partition waits for an operator, because its log went back or is partitioned otherwise.
   * `source-lost`: another member took the partition, because this one gave no sign of life, and why.
   * `source-went-back`: the broker lost commits, and perhaps frames; it is read again from the commit that it has.
   * `source-failed`: the owner threw; the partition is offered again after a lease.
   * `source-namesake`: another member has the same name.
   * `source-unreachable`: the broker cannot be used, or a partition not be read; `source-reachable`: all can again.
   */
  readonly kind: `source-${'halted' | 'lost' | 'went-back' | 'failed' | 'namesake' | 'unreachable' | 'reachable'}`;
  /** Undefined: it concerns all. */
  readonly partition: number | undefined;
  readonly text: string;
}

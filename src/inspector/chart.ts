/** A statechart with coordinates: the build computes it from a machine, the page draws it. */
export interface Chart {
  readonly width: number;
  readonly height: number;
  readonly states: readonly ChartState[];
  readonly edges: readonly ChartEdge[];
}

export interface ChartState {
  /** The path below the machine, such as `ready.idle`; empty for a mark at an initial state. */
  readonly id: string;
  readonly name: string;
  readonly kind: 'state' | 'group' | 'final' | 'initial' | 'any';
  /** The actors that the state invokes. */
  readonly note: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface ChartEdge {
  /** Ids of states; of a mark at an initial state or of any state, empty. */
  readonly from: string;
  readonly to: string;
  /** Raw event types, as transitions name their cause; '' for `always`, none for the arrow of an initial state. */
  readonly events: readonly string[];
  readonly labels: readonly string[];
  readonly points: readonly (readonly [number, number])[];
  /** Where the labels stand: the upper left corner of the first, and their room. */
  readonly labelBox: { readonly x: number; readonly y: number; readonly width: number; readonly height: number } | null;
}

/** The charts of the page, by machine. */
export interface Charts {
  readonly channel: Chart;
  readonly router: Chart;
  readonly source: Chart;
  readonly feed: Chart;
  /** Of one partition of a source that several processes share. */
  readonly ownership: Chart;
}

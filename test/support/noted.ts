import type { Origin, Settlement } from '../../src/core/origin.ts';

/** An origin that notes all it hears. */
export class Noted implements Origin {
  readonly source: unknown;
  readonly heard: (Settlement | 'returned' | 'unsettled')[] = [];

  constructor(source: unknown) {
    this.source = source;
  }

  settled(how: Settlement): void {
    this.heard.push(how);
  }

  handedBack(how: 'returned' | 'unsettled'): void {
    this.heard.push(how);
  }
}

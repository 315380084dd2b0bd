import type { Clock } from '../core/clock.ts';

/** So many waiting offers are refused in one turn of the event loop. */
export const REFUSED_MAX = 500;

/** A door that closed before very many offers: it refuses the rest in later turns of the event loop. */
export class LateRefusals {
  isDue = false;
  private readonly clock: Clock;
  private readonly door: { admitOffers(): void };

  constructor(clock: Clock, door: { admitOffers(): void }) {
    this.clock = clock;
    this.door = door;
  }

  /** More are refused in the next turn. */
  plan(): void {
    if (this.isDue) return;
    this.isDue = true;
    this.clock.setImmediate(() => {
      this.isDue = false;
      this.door.admitOffers();
    });
  }
}

/** A channel, as the doors of its partitions. */
interface Doors {
  readonly partitions: readonly { readonly inbox: { readonly refusals: Pick<LateRefusals, 'isDue'> } }[];
}

/** Resolves when no waiting offer of these channels is still to be refused. */
export async function whenRefused(channels: readonly Doors[], clock: Clock): Promise<void> {
  const inboxes = channels.flatMap(({ partitions }) => partitions.map(({ inbox }) => inbox));
  while (inboxes.some(({ refusals }) => refusals.isDue))
    await new Promise<void>((resolve) => void clock.setImmediate(resolve));
}

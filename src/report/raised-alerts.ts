import type { Services } from '../channel/services.ts';
import type { Alert } from '../facts/events.ts';

/** What an alert says, and about what. */
type About = Omit<Alert, 'text' | 'at'>;

export interface Raised {
  readonly alert: Alert;
  readonly since: number;
}

/** The alerts about sources or feeds that are raised now. Each is published once when it begins, and once when it ends. */
export class RaisedAlerts {
  readonly #services: Pick<Services, 'bus' | 'clock'>;
  readonly #raised = new Map<string, Raised>();

  constructor(services: Pick<Services, 'bus' | 'clock'>) {
    this.#services = services;
  }

  list(): readonly Raised[] {
    return [...this.#raised.values()];
  }

  has(about: About): boolean {
    return this.#raised.has(keyOf(about));
  }

  /** Raises the alert with the text that it has at this moment, or clears it. */
  set(about: About, found: string | false): void {
    const { bus, clock } = this.#services;
    const key = keyOf(about);
    const raised = this.#raised.get(key);
    if (found !== false && raised === undefined) {
      const begun = { alert: { ...about, text: found, at: clock.wallTime() }, since: clock.now() };
      this.#raised.set(key, begun);
      bus.publish('alert.raised', begun.alert);
    } else if (found === false && raised !== undefined) {
      this.#raised.delete(key);
      bus.publish('alert.cleared', { ...raised.alert, lastedMs: clock.now() - raised.since });
    }
  }
}

/** The channel may be another one at each look. */
function keyOf({ alert, source, feed }: About): string {
  return JSON.stringify([alert, source, feed]);
}

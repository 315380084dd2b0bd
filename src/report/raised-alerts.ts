import type { Services } from '../channel/services.ts';
import type { Alert, AlertName } from '../facts/events.ts';

/** What an alert is about; all null: the router. */
export type Subject = Pick<Alert, 'channel' | 'source' | 'feed'>;

export const ROUTER: Subject = { channel: null };

/** What a look finds: something that is wrong, and whether it is enough to raise it; false: clear it; undefined: leave it. */
export type Finding = { readonly text: string; readonly isEnough: boolean } | false | undefined;

/** What a look at a channel, a source or a feed finds. An alert that is left out is left as it is. */
export type Findings = Partial<Readonly<Record<AlertName, Finding>>>;

interface Raised {
  alert: Alert;
  readonly since: number;
}

/** The alerts that are raised now. Each is published once when it begins, and once when it ends, with how long it lasted. */
export class RaisedAlerts {
  readonly #services: Pick<Services, 'bus' | 'clock'>;
  /** By subject: a look, which comes with states of channels, must not go through all. */
  readonly #raised = new Map<string, Map<AlertName, Raised>>();

  constructor(services: Pick<Services, 'bus' | 'clock'>) {
    this.#services = services;
  }

  /** Oldest first. */
  get all(): readonly Alert[] {
    const all = [...this.#raised.values()].flatMap((alerts) => [...alerts.values()]);
    return all.toSorted((left, right) => left.since - right.since).map(({ alert }) => alert);
  }

  of(subject: Subject): readonly Alert[] {
    // Most of the time none is raised at all, and a channel asks in each of its states.
    if (this.#raised.size === 0) return [];
    return [...(this.#raised.get(keyOf(subject))?.values() ?? [])].map(({ alert }) => alert);
  }

  /** Takes over all that a look found. */
  setAll(subject: Subject, findings: Findings): void {
    // Object.keys widens the names.
    for (const alert of Object.keys(findings) as AlertName[]) this.set(alert, subject, findings[alert]);
  }

  /** What is wrong with it, in words; null: nothing. */
  troubleOf(subject: Subject): string | null {
    const texts = this.of(subject).map(({ text }) => text);
    return texts.length === 0 ? null : texts.join('; ');
  }

  clear(subject: Subject): void {
    for (const { alert } of this.of(subject)) this.set(alert, subject, false);
  }

  /** Raises an alert, gives it the text of this moment, or clears it. */
  set(alert: AlertName, subject: Subject, finding: Finding): void {
    if (finding === undefined || (finding === false && this.#raised.size === 0)) return;
    const key = keyOf(subject);
    const here = this.#raised.get(key);
    const { bus, clock } = this.#services;
    const raised = here?.get(alert);
    if (finding !== false && raised !== undefined) {
      raised.alert = { ...raised.alert, text: finding.text };
    } else if (finding !== false && finding.isEnough) {
      const begun = { alert: { alert, ...subject, text: finding.text, at: clock.wallTime() }, since: clock.now() };
      this.#raised.set(key, (here ?? new Map<AlertName, Raised>()).set(alert, begun));
      bus.publish('alert.raised', begun.alert);
    } else if (finding === false && raised !== undefined) {
      here?.delete(alert);
      if (here?.size === 0) this.#raised.delete(key);
      bus.publish('alert.cleared', { ...raised.alert, lastedMs: clock.now() - raised.since });
    }
  }
}

/** Something that is wrong. */
export function found(text: string): Finding {
  return { text, isEnough: true };
}

/** Hysteresis: enough from the higher limit on, nothing below the lower one; between them only the words change. */
export function between(value = Number.NaN, high: number, low: number, words: (value: number) => string): Finding {
  if (value < low) return false;
  return value >= low ? { text: words(value), isEnough: value >= high } : undefined;
}

/** The channel that holds up a source may be another one at each look. */
function keyOf({ channel, source, feed }: Subject): string {
  if (source !== undefined) return `source ${source}`;
  if (feed !== undefined) return `feed ${feed}`;
  return channel === null ? '' : `channel ${channel}`;
}

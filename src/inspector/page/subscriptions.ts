import type { FeedRow } from '../protocol.ts';
import { operate, say } from './connection.ts';
import { find, make, setText } from './dom.ts';

const SHOWN_MAX = 200;

/** What a feed is subscribed to, and a way to change it; nothing without `allowControl`. */
export class SubscriptionsDialog {
  readonly #open = find<HTMLButtonElement>('subscriptions-open');
  readonly #dialog = find<HTMLDialogElement>('subscriptions');
  readonly #names = find<HTMLInputElement>('subscriptions-names');
  #feed = '';

  constructor() {
    this.#open.addEventListener('click', () => void this.#ask());
    this.#dialog.addEventListener('close', () => void this.#carryOut(this.#dialog.returnValue));
  }

  /** `feed`: the selected one. `isLive`: changes are possible only in the present. */
  update(isAllowed: boolean, feed: FeedRow | undefined, isLive: boolean): void {
    this.#open.hidden = !isAllowed || feed === undefined;
    this.#open.disabled = !isLive;
    if (!this.#dialog.open) this.#feed = feed?.name ?? '';
  }

  async #ask(): Promise<void> {
    const response = await fetch(`subscriptions?feed=${encodeURIComponent(this.#feed)}`).catch(() => undefined);
    // Our own server wrote it.
    const standing = response?.ok ? Object.entries((await response.json()) as Record<string, string>) : [];
    setText(find('subscriptions-title'), `Subscriptions of ${this.#feed}: ${standing.length}`);
    const shown = standing.slice(0, SHOWN_MAX).map(([name, state]) => make('li', {}, `${name}: ${state}`));
    find('subscriptions-list').replaceChildren(...shown);
    this.#dialog.returnValue = '';
    this.#dialog.showModal();
    this.#names.focus();
  }

  async #carryOut(operation: string): Promise<void> {
    const names = this.#names.value.split(/[\s,]+/).filter((name) => name !== '');
    if (operation !== 'subscribe' && operation !== 'unsubscribe') return;
    if (names.length === 0) return say('No subscription was named.');
    const isDone = await operate(`${operation}: ${names.join(', ')}`, { operation, feed: this.#feed, names });
    if (isDone) this.#names.value = '';
  }
}

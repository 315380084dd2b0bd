import type { ChannelRow, Operation } from '../protocol.ts';
import { operate } from './connection.ts';
import { find, make, rebuild, setText, setTone } from './dom.ts';
import { count } from './format.ts';

/** What a command is called, and what it will do, which is shown before it is confirmed. */
type Wording = readonly [title: string, warning: (row: ChannelRow) => string];

const wordings: Readonly<Record<Operation, Wording>> = {
  pause: [
    'Pause',
    ({ depth, capacity }) =>
      `The channel accepts messages but delivers none until it is resumed. ${count(depth)} of ${count(capacity)} wait now.`,
  ],
  resume: ['Resume', ({ depth }) => `The channel delivers again, beginning with the ${count(depth)} waiting messages.`],
  flush: ['Flush', ({ depth }) => `The ${count(depth)} waiting messages become due at once, batch by batch.`],
  trip: [
    'Trip breaker',
    () =>
      'The breaker opens: nothing is delivered until its cool-down is over and the probes succeed, or until it is reset.',
  ],
  reset: ['Reset breaker', () => 'The breaker closes and forgets its history.'],
  restart: [
    'Restart',
    ({ inFlight }) =>
      `A new instance replaces the channel. The ${count(inFlight)} messages in flight are delivered again.`,
  ],
  drain: [
    'Drain and remove',
    ({ depth }) =>
      `The channel accepts no more messages, delivers the ${count(depth)} that wait and is then removed from the router. This cannot be undone here.`,
  ],
  replay: [
    'Replay dead letters',
    ({ name }) =>
      `All dead letters of ${name} are routed again, oldest first, at most 100 a second, behind live traffic.`,
  ],
};
const dangerous: ReadonlySet<Operation> = new Set(['trip', 'restart', 'drain']);

/** The buttons for an operator; none without `allowControl`. */
export class Actions {
  readonly #group = find('actions');
  readonly #dialog = find<HTMLDialogElement>('confirm');
  #row: ChannelRow | undefined;

  /** `isLive`: commands are possible only in the present. */
  update(operations: readonly Operation[], row: ChannelRow | undefined, isLive: boolean): void {
    this.#row = row;
    // A source or a feed is no channel.
    this.#group.hidden = row === undefined;
    rebuild(this.#group, operations.join(), () => operations.map((operation) => this.#button(operation)));
    for (const button of this.#group.querySelectorAll('button')) {
      const isFitting = button.dataset.operation !== (row?.state === 'paused' ? 'pause' : 'resume');
      button.disabled = !isLive || row === undefined || !isFitting;
    }
  }

  #button(operation: Operation): HTMLButtonElement {
    const button = make('button', { type: 'button', 'data-operation': operation }, wordings[operation][0]);
    button.addEventListener('click', () => this.#ask(operation));
    return button;
  }

  #ask(operation: Operation): void {
    if (this.#row === undefined) return;
    const [title, warning] = wordings[operation];
    const { name } = this.#row;
    setText(find('confirm-title'), `${title}: ${name}?`);
    setText(find('confirm-text'), warning(this.#row));
    setText(find('confirm-go'), title);
    setTone(find('confirm-go'), dangerous.has(operation) ? 'bad' : 'plain');
    this.#dialog.returnValue = '';
    const answered = (): void => {
      if (this.#dialog.returnValue === 'confirm') void operate(`${title}: ${name}`, { operation, channel: name });
    };
    this.#dialog.addEventListener('close', answered, { once: true });
    this.#dialog.showModal();
  }
}

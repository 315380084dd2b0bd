import type { ChannelRow, Operation } from '../protocol.ts';
import { operate } from './connection.ts';
import { find, make, rebuild, setText, setTone } from './dom.ts';
import { count } from './format.ts';
import { say } from './notice.ts';

interface Wording {
  readonly title: string;
  /** What the command will do; shown before it is confirmed. */
  readonly warning: (row: ChannelRow) => string;
}

const wordings: Readonly<Record<Operation, Wording>> = {
  pause: {
    title: 'Pause',
    warning: ({ depth, capacity }) =>
      `The channel accepts messages but delivers none until it is resumed. ${count(depth)} of ${count(capacity)} wait now.`,
  },
  resume: {
    title: 'Resume',
    warning: ({ depth }) => `The channel delivers again, beginning with the ${count(depth)} waiting messages.`,
  },
  flush: {
    title: 'Flush',
    warning: ({ depth }) => `The ${count(depth)} waiting messages become due at once, batch by batch.`,
  },
  trip: {
    title: 'Trip breaker',
    warning: () =>
      'The breaker opens: nothing is delivered until its cool-down is over and the probes succeed, or until it is reset.',
  },
  reset: { title: 'Reset breaker', warning: () => 'The breaker closes and forgets its history.' },
  restart: {
    title: 'Restart',
    warning: ({ inFlight }) =>
      `A new instance replaces the channel. The ${count(inFlight)} messages in flight are delivered again.`,
  },
  drain: {
    title: 'Drain and remove',
    warning: ({ depth }) =>
      `The channel accepts no more messages, delivers the ${count(depth)} that wait and is then removed from the router. This cannot be undone here.`,
  },
  replay: {
    title: 'Replay dead letters',
    warning: ({ name }) =>
      `All dead letters of ${name} are routed again, oldest first, at most 100 a second, behind live traffic.`,
  },
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
    const button = make('button', { type: 'button', 'data-operation': operation }, wordings[operation].title);
    button.addEventListener('click', () => this.#ask(operation));
    return button;
  }

  #ask(operation: Operation): void {
    if (this.#row === undefined) return;
    const { title, warning } = wordings[operation];
    const { name } = this.#row;
    setText(find('confirm-title'), `${title}: ${name}?`);
    setText(find('confirm-text'), warning(this.#row));
    setText(find('confirm-go'), title);
    setTone(find('confirm-go'), dangerous.has(operation) ? 'bad' : 'plain');
    this.#dialog.returnValue = '';
    const answered = (): void => {
      if (this.#dialog.returnValue === 'confirm') void carryOut(operation, name);
    };
    this.#dialog.addEventListener('close', answered, { once: true });
    this.#dialog.showModal();
  }
}

async function carryOut(operation: Operation, channel: string): Promise<void> {
  const { title } = wordings[operation];
  const refused = await operate({ operation, channel });
  say(refused === undefined ? `${title}: ${channel}. Done.` : `${title}: ${channel}. Refused: ${refused}`);
}

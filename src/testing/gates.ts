import type { AnyChannel } from '../channel/processing-channel.ts';
import { wrapper } from './channel-source.ts';

/** The work of a channel that waits at a gate. */
export type GateName = 'warmUp' | 'process' | 'close';

interface Gate {
  readonly name: GateName;
  /** The channel's own work may begin. */
  open(): void;
  /** The work fails instead. */
  fail(error?: unknown): void;
}

/**
 * Holds all work of a channel until a test decides how it ends, and notes the payloads that pass. The gate of a call is
 * where the first `await` of its work would be. A gate that is never opened is work that hangs.
 */
export class Gates {
  /** The oldest first; the gate of an abandoned call stays. */
  readonly #waiting: Gate[] = [];
  #areOpen = false;
  #working = 0;
  /** The first exception of the channel's own work, which succeeds in the model. */
  mistake: string | undefined = undefined;
  /** Payloads as they passed the door, as `process` got them for the first time, and as its work on them ended well. */
  readonly checked: unknown[] = [];
  readonly handed: unknown[] = [];
  readonly delivered: unknown[] = [];
  /** Puts the gates around an instance. */
  readonly around = wrapper(() => ({
    warmUp: (own, context) => this.#pass('warmUp', () => own(context)),
    process: (own, batch, context) => {
      if (context.attempt === 1) this.handed.push(...batch);
      return this.#pass('process', () => own(batch, context)).then(() => void this.delivered.push(...batch));
    },
    close: (own, context) => this.#pass('close', () => own(context)),
    checked: (payload) => void this.checked.push(payload),
  }));

  get isWorking(): boolean {
    return this.#working > 0;
  }

  at(name: GateName): Gate | undefined {
    return this.#waiting.findLast((gate) => gate.name === name);
  }

  /** Opens all gates. Abandoned calls end first, and late. */
  openAll(): void {
    this.#areOpen = true;
    for (const gate of [...this.#waiting]) gate.open();
  }

  #pass(name: GateName, own: () => ReturnType<AnyChannel['process']>): Promise<void> {
    if (this.#areOpen) return this.#work(name, own);
    return new Promise<void>((resolve, reject) => {
      const leave = (end: () => void): void => {
        this.#waiting.splice(this.#waiting.indexOf(gate), 1);
        end();
      };
      const gate: Gate = {
        name,
        open: () => leave(resolve),
        fail: (error = new Error(`the path lets ${name} fail`)) => leave(() => reject(error)),
      };
      this.#waiting.push(gate);
    }).then(() => this.#work(name, own));
  }

  async #work(name: GateName, own: () => ReturnType<AnyChannel['process']>): Promise<void> {
    this.#working += 1;
    try {
      await own();
    } catch (error) {
      this.mistake ??= `${name} of the channel itself failed: ${String(error)}`;
      throw error;
    } finally {
      this.#working -= 1;
    }
  }
}

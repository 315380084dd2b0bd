import { ProcessingChannel } from '../../src/index.ts';

interface Gate {
  resolve(): void;
  reject(error: unknown): void;
}

/** The calls of one channel that are out and wait to be told how they end; a restart's take the place of the old. */
export interface Gates {
  warmUp?: Gate | undefined;
  process?: Gate | undefined;
  close?: Gate | undefined;
}

/** A channel that does nothing of its own: every call waits at its gate. */
export class GatedChannel extends ProcessingChannel<unknown> {
  readonly #gates: Gates;

  constructor(gates: Gates) {
    super();
    this.#gates = gates;
  }

  override warmUp(): Promise<void> {
    return this.#wait('warmUp');
  }

  override process(): Promise<void> {
    return this.#wait('process');
  }

  override close(): Promise<void> {
    return this.#wait('close');
  }

  #wait(name: keyof Gates): Promise<void> {
    const call = new Promise<void>((resolve, reject) => {
      this.#gates[name] = { resolve, reject };
    });
    const open = (): void => {
      this.#gates[name] = undefined;
    };
    call.then(open, open);
    return call;
  }
}

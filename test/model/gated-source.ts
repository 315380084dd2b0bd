import type { Assigned, CommitOutcome, Frame, Source, SourceOwner } from '../../src/index.ts';

/** Something that settles when a test says so. */
class Gate {
  #open: () => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #isOpen = false;

  pass(): Promise<void> {
    if (this.#isOpen) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#fail = reject;
    });
  }

  open(): void {
    this.#open();
  }

  fail(error: unknown): void {
    this.#fail(error);
  }

  leaveOpen(): void {
    this.#isOpen = true;
    this.open();
  }
}

/** A source with one partition; starts, releases and closes wait for the test, and what breaks the port is noted. */
export class GatedSource implements Source {
  readonly lasts = false;
  readonly start$ = new Gate();
  readonly close$ = new Gate();
  readonly release$ = new Gate();
  readonly problems: string[] = [];
  #owner: SourceOwner | undefined;
  #stay: GatedStay | undefined;
  #fence = 0;
  #position = 0;

  /** A read is out. */
  get isRead(): boolean {
    return this.#stay?.isRead === true;
  }

  async start(owner: SourceOwner): Promise<void> {
    if (this.#owner !== undefined) this.problems.push('it was started before it was closed');
    this.#owner = owner;
    await this.start$.pass();
  }

  async close(): Promise<void> {
    this.#owner = undefined;
    this.#stay?.end();
    this.#stay = undefined;
    await this.close$.pass();
  }

  assign(): void {
    this.#fence += 1;
    this.#stay = new GatedStay(this.#fence, this.release$, this.problems);
    this.#owner?.assigned(this.#stay);
  }

  revoke(withinMs: number): void {
    if (this.#stay !== undefined) this.#owner?.revoke(this.#stay, withinMs).catch(() => {});
  }

  lose(): void {
    this.#stay?.end();
    this.#stay = undefined;
  }

  append(): void {
    this.#position += 1;
    this.#stay?.bring({ position: this.#position, bytes: new Uint8Array(1), messages: () => ['one'] });
  }

  failRead(isFinal: boolean): void {
    this.#stay?.fail(failure(isFinal));
  }

  failStart(isFinal: boolean): void {
    this.start$.fail(failure(isFinal));
  }

  openAll(): void {
    for (const gate of [this.start$, this.close$, this.release$]) gate.leaveOpen();
  }
}

function failure(isFinal: boolean): Error {
  return Object.assign(new Error('the source failed'), isFinal ? { retryable: false } : {});
}

class GatedStay implements Assigned {
  readonly partition = 0;
  readonly takeovers = 0;
  readonly marked = undefined;
  readonly fence: number;
  readonly #lost = new AbortController();
  readonly #release: Gate;
  readonly #problems: string[];
  #answer: { bring(frames: readonly Frame[]): void; fail(error: unknown): void } | undefined;
  #isReleased = false;

  constructor(fence: number, release: Gate, problems: string[]) {
    this.fence = fence;
    this.#release = release;
    this.#problems = problems;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get isRead(): boolean {
    return this.#answer !== undefined;
  }

  read(_room: unknown, signal: AbortSignal): Promise<readonly Frame[]> {
    if (this.#answer !== undefined) this.#problems.push('two reads are out');
    if (this.#isReleased) this.#problems.push('it is read after its release');
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        this.#answer = undefined;
        end();
      };
      this.#answer = { bring: (frames) => settle(() => resolve(frames)), fail: (error) => settle(() => reject(error)) };
      signal.addEventListener('abort', () => this.#answer?.bring([]), { once: true });
    });
  }

  bring(frame: Frame): void {
    this.#answer?.bring([frame]);
  }

  fail(error: unknown): void {
    this.#answer?.fail(error);
  }

  end(): void {
    this.#lost.abort();
    this.#answer?.bring([]);
  }

  async commit(): Promise<CommitOutcome> {
    if (this.#isReleased) this.#problems.push('a commit follows its release');
    return this.lost.aborted ? 'lost' : 'kept';
  }

  async mark(): Promise<CommitOutcome> {
    return 'kept';
  }

  async release(): Promise<CommitOutcome> {
    if (this.#isReleased) this.#problems.push('it is released twice');
    this.#isReleased = true;
    await this.#release.pass();
    return 'kept';
  }
}

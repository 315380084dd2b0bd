import type { Source } from '../../src/core/source-port.ts';
import type { SourceMetrics } from '../../src/index.ts';
import type { SimulatedClock, SimulatedLetterStore, SimulatedSource } from '../../src/testing/index.ts';
import { simulatedLetterStore, simulatedSource } from '../../src/testing/index.ts';
import type { Account, SimulatedMessage } from './account.ts';
import type { OutsidePlan } from './outside-plan.ts';

/** What the simulation writes into a frame. */
export type Written = Pick<SimulatedMessage, 'ev' | 'sym' | 'mark'>;

/** One process, as those outside see it. */
export interface Process {
  readonly isDead: boolean;
  /** Makes a message of what was read: another one each time. */
  read(written: Written, from: SimulatedMessage['from']): SimulatedMessage;
  /** Whether somebody has it for good: each channel that took it in has delivered it or given it up. */
  isSettled(message: SimulatedMessage): boolean;
}

interface Reading {
  readonly process: Process;
  readonly message: SimulatedMessage;
}

type Owner = Parameters<Source['start']>[0];
type Stay = Parameters<Owner['assigned']>[0];

/** The source and the store of dead letters, which outlive the process, and what somebody who watches them knows. */
export class Outside {
  readonly source: SimulatedSource;
  readonly store: SimulatedLetterStore | undefined;
  readonly plan: OutsidePlan;
  /** How many messages each frame of each partition has. */
  readonly #frames: number[][];
  readonly #committed: number[];
  /** The last one of each partition. */
  readonly #stays: string[] = [];
  /** Those that are over: they were lost, or have begun to give their partition back. */
  readonly #ended = new Set<string>();
  /** By the place of a message that is not committed: all that was read of it. */
  readonly #readings = new Map<string, Reading[]>();
  #letters = new Set<string>();
  #areReplayed = false;

  constructor(plan: OutsidePlan, clock: SimulatedClock, seed: number) {
    const { partitions, source, store } = plan;
    this.plan = plan;
    this.source = simulatedSource({ ...source, clock, seed, partitions });
    this.store = store === undefined ? undefined : simulatedLetterStore({ ...store, clock, seed });
    this.#frames = Array.from({ length: partitions }, () => []);
    this.#committed = new Array<number>(partitions).fill(0);
  }

  append(partition: number, messages: readonly Written[]): void {
    this.source.append(messages, partition);
    this.#frames[partition]?.push(messages.length);
  }

  /** Everything was committed. */
  get isDone(): boolean {
    return this.#frames.every((frames, partition) => this.source.committed(partition) === frames.length);
  }

  /** The source brings it again, or has done so: in another stay, which answers for it. */
  isHeld({ place, stay }: NonNullable<SimulatedMessage['from']>): boolean {
    const [partition = 0, position = 0] = place.split('/').map(Number);
    return position > this.source.committed(partition) || this.#stays[partition] !== stay;
  }

  /** The next owner brings it: nothing of it may be begun any more. */
  isOver({ stay }: NonNullable<SimulatedMessage['from']>): boolean {
    return this.#ended.has(stay);
  }

  /** The source as one process has it. A dead one neither starts nor closes it any more. */
  seenBy(process: Process): Source {
    const seen = new WeakMap<Stay, Stay>();
    return {
      lasts: false,
      close: (withinMs) => (process.isDead ? Promise.resolve() : this.source.close(withinMs)),
      start: (owner) =>
        process.isDead
          ? new Promise(() => {})
          : this.source.start({
              revoke: (stay, withinMs) => owner.revoke(seen.get(stay) ?? stay, withinMs),
              assigned: (stay) => {
                const own = this.#readBy(process, stay);
                seen.set(stay, own);
                owner.assigned(own);
              },
            }),
    };
  }

  /** Room in a full store: an operator drops letters. */
  get isFull(): boolean {
    return this.store !== undefined && this.store.size >= (this.plan.store?.max ?? 0);
  }

  /** Letters were dropped. */
  lettersLeft(): void {
    this.#letters = new Set();
  }

  /** From now on letters may leave at any time: when their messages are settled. */
  lettersReplayed(): void {
    this.#areReplayed = true;
  }

  /** What must be so at every moment. */
  check(metrics: SourceMetrics | undefined): readonly string[] {
    const problems = metrics === undefined ? [] : heldProblems(metrics);
    for (const [partition, before] of this.#committed.entries()) {
      const committed = this.source.committed(partition);
      if (committed < before) problems.push(`the commit of partition ${partition} went from ${before} to ${committed}`);
      for (let position = before + 1; position <= committed; position += 1)
        problems.push(...this.#committedProblems(partition, position));
      this.#committed[partition] = committed;
    }
    return problems;
  }

  /** A letter leaves the store only when somebody says so. */
  async checkLetters(): Promise<readonly string[]> {
    const ids = new Set((await this.store?.list())?.map(({ id }) => id));
    const gone = [...this.#letters].filter((id) => !ids.has(id));
    this.#letters = ids;
    return this.#areReplayed ? [] : gone.map((id) => `the dead letter ${id} is not in the store any more`);
  }

  #readBy(process: Process, stay: Stay): Stay {
    const { fence, lost, marked, partition, takeovers } = stay;
    const name = `${partition}/${fence}`;
    const ended = (): void => void this.#ended.add(name);
    this.#stays[partition] = name;
    lost.addEventListener('abort', ended);
    return {
      ...{ fence, lost, marked, partition, takeovers },
      commit: (position, withinMs) => stay.commit(position, withinMs),
      mark: (place, withinMs) => stay.mark(place, withinMs),
      release: (position, withinMs) => {
        ended();
        return stay.release(position, withinMs);
      },
      read: async (room, signal) =>
        (await stay.read(room, signal)).map((frame) => ({
          ...frame,
          messages: () =>
            frame.messages().map((written, index) => {
              const from = { place: `${partition}/${frame.position}/${index}`, stay: name };
              // The simulation writes nothing else.
              const message = process.read(written as Written, from);
              this.#readings.set(from.place, [...(this.#readings.get(from.place) ?? []), { process, message }]);
              return message;
            }),
        })),
    };
  }

  #committedProblems(partition: number, position: number): readonly string[] {
    const size = this.#frames[partition]?.[position - 1] ?? 0;
    return Array.from({ length: size }, (_, index) => `${partition}/${position}/${index}`).flatMap((place) => {
      const readings = this.#readings.get(place) ?? [];
      this.#readings.delete(place);
      const isSettled = readings.some(({ process, message }) => process.isSettled(message));
      return isSettled ? [] : [`message ${place} is committed and not settled: ${readings.length} readings`];
    });
  }
}

/** The law of sources: what was read is committed, left to the next owner, or held in one place. */
function heldProblems({ committed, held, left, places, read }: SourceMetrics): string[] {
  const placed = Object.values(places).reduce((sum, count) => sum + count, 0);
  if (read === committed + left + held && held === placed) return [];
  return [`${read} read, ${committed} committed, ${left} left, ${held} held in ${placed} places`];
}

/**
 * Each channel that has seen a message has an end of it, or one that has not taken it in has made it a letter. Which
 * messages a mailbox has dropped nobody outside is told.
 */
export function isSettledIn(accounts: Iterable<Account>, letters: ReadonlySet<number>, n: number): boolean {
  const having = [...accounts].filter(({ fates }) => fates.get(n)?.isAccepted);
  const hasEnd = ({ fates, isLossy }: Account): boolean => {
    const { dead = 0, delivered = 0 } = fates.get(n) ?? {};
    return isLossy || delivered + dead > 0;
  };
  return having.length === 0 ? letters.has(n) : having.every(hasEnd);
}

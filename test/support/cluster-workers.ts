import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** One worker process, and what it has said so far. */
export class ClusterWorker {
  readonly lines: { readonly at: number; readonly text: string }[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#ended = once(this.#child, 'exit');
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('a worker has no output');
    createInterface({ input: stdout }).on('line', (text) => void this.lines.push({ at: performance.now(), text }));
  }

  /** The partitions that it was handed and did not give back. */
  get partitions(): ReadonlySet<number> {
    const own = new Set<number>();
    for (const { text } of this.lines) {
      const [word, partition] = text.split(' ');
      if (word === 'assigned') own.add(Number(partition));
      if (word === 'released') own.delete(Number(partition));
    }
    return own;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal);
    await this.#ended;
  }
}

/** What is wrong with the deliveries of all workers: per key, every number in order, repeated only from fence to fence. */
export function mistakesInDeliveries(
  workers: readonly Pick<ClusterWorker, 'lines'>[],
  counts: ReadonlyMap<string, number>,
): string[] {
  const mistakes: string[] = [];
  const last = new Map<string, { fence: number; n: number; max: number }>();
  const deliveries = workers
    .flatMap(({ lines }) => lines)
    .flatMap(({ text }) => {
      const [, fence, message] = /^delivered (\d+) (.*)$/.exec(text) ?? [];
      if (text.startsWith('gap')) mistakes.push(text);
      return message === undefined
        ? []
        : [{ fence: Number(fence), ...(JSON.parse(message) as { key: string; n: number }) }];
    });
  // Stable: within a fence there is one worker, and its lines are in order.
  for (const { fence, key, n } of deliveries.sort((a, b) => a.fence - b.fence)) {
    const before = last.get(key) ?? { fence, n: 0, max: 0 };
    const isNext = before.fence === fence ? n === before.n + 1 : n <= before.max + 1;
    if (!isNext) mistakes.push(`${key}: ${n} came after ${before.n} (fence ${fence} after ${before.fence})`);
    last.set(key, { fence, n, max: Math.max(before.max, n) });
  }
  for (const [key, count] of counts) {
    const max = last.get(key)?.max ?? 0;
    if (max !== count) mistakes.push(`${key}: ${max} of ${count} were delivered`);
  }
  return mistakes;
}

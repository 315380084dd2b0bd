import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/core/random.ts';
import type { NatsServer } from '../support/nats-server.ts';
import type { RedisServer } from '../support/redis-server.ts';
import type { Span } from './account.ts';
import { BrokerProxy } from './broker-proxy.ts';

interface FaultParts {
  readonly kind: string;
  readonly broker: NatsServer | RedisServer;
  readonly directory: string;
  readonly random: Random;
  readonly say: (text: string) => void;
}

interface Worker {
  readonly child: ChildProcess;
  readonly proxy: BrokerProxy;
  /** The name of the file of its sink. */
  readonly name: string;
  readonly exited: Promise<unknown>;
}

const WORKERS_MIN = 3;
const WORKERS_MAX = 5;
const LEASE_MS = 3_000;
/** A hand-over lasts no longer: a lease, and what the next owner needs to notice and to take it. */
const HAND_OVER_MS = LEASE_MS + 1_500;
const now = (): number => performance.timeOrigin + performance.now();

/** Three to five workers, and what happens to them. */
export class Faults {
  readonly deaths: { readonly worker: string; readonly at: number }[] = [];
  /** Outages of the broker and the sink, and the bounded hand-overs after each fault. */
  readonly excused: Span[] = [];
  readonly #parts: FaultParts;
  readonly #workers: Worker[] = [];
  /** When something was wrong that keeps partitions from being written. */
  readonly #spans: Span[] = [];
  readonly #counts = new Map<string, number>();
  readonly #kinds: readonly (readonly [name: string, weight: number, run: () => Promise<void>])[];

  constructor(parts: FaultParts) {
    this.#parts = parts;
    this.#kinds = [
      ['kill -9', 6, () => this.#kill()],
      ['pause', 4, () => this.#pause()],
      ['leave', 2, () => this.#leave()],
      ['join', 2, () => this.#join()],
      ['cut', 2, () => this.#cut()],
      ['freeze', 2, () => this.#freeze()],
      ['broker restart', 1, () => this.#restartBroker()],
      ['sink down', 1, () => this.#sinkDown()],
      ['deploy', 1, () => this.#deploy()],
    ];
  }

  get counts(): string {
    return [...this.#counts].map(([name, count]) => `${name} ${count}`).join(', ');
  }

  async begin(): Promise<void> {
    for (let count = 0; count < WORKERS_MIN; count++) await this.#add();
    await sleep(3_000);
  }

  /** Waits a while; then something happens. */
  async next(): Promise<void> {
    await sleep(3_000 + this.#parts.random() * 5_000);
    const [name, run] = this.#choose();
    const from = now();
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    this.#parts.say(`         ${name}`);
    await run();
    this.#spans.push({ from, to: now() });
    this.excused.push({ from, to: now() + HAND_OVER_MS });
    while (this.#workers.length < WORKERS_MIN) await this.#add();
  }

  #choose(): readonly [name: string, run: () => Promise<void>] {
    let rest = this.#parts.random() * this.#kinds.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight, run] of this.#kinds) {
      rest -= weight;
      if (rest < 0) return [name, run];
    }
    return ['nothing', async () => {}];
  }

  /** Nothing else was wrong from shortly before until the partitions of the dead must have another owner. */
  isAlone({ at }: { readonly at: number }): boolean {
    return this.#spans.filter(({ from, to }) => from < at + HAND_OVER_MS && to > at - HAND_OVER_MS).length <= 1;
  }

  async calm(): Promise<void> {
    while (this.#workers.length < WORKERS_MIN) await this.#add();
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => this.#stop(worker)));
  }

  async #add(): Promise<void> {
    const { kind, broker, directory } = this.#parts;
    const proxy = await BrokerProxy.start(broker.port);
    const child = fork(new URL('campaign-worker.js', import.meta.url), [kind, String(proxy.port), directory], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const exited = once(child, 'exit');
    const worker = { child, proxy, name: `${child.pid}.log`, exited };
    this.#workers.push(worker);
    // One that could not start is missing from now on.
    void exited.then(() => {
      proxy.end();
      const index = this.#workers.indexOf(worker);
      if (index === -1) return;
      this.#workers.splice(index, 1);
      this.#counts.set('ended by itself', (this.#counts.get('ended by itself') ?? 0) + 1);
    });
  }

  #any(): Worker | undefined {
    return this.#workers[Math.floor(this.#parts.random() * this.#workers.length)];
  }

  #take(): Worker | undefined {
    return this.#workers.splice(Math.floor(this.#parts.random() * this.#workers.length), 1)[0];
  }

  async #stop(worker: Worker): Promise<void> {
    worker.child.kill('SIGTERM');
    const late = setTimeout(() => worker.child.kill('SIGKILL'), 15_000);
    await worker.exited;
    clearTimeout(late);
  }

  async #kill(): Promise<void> {
    const worker = this.#take();
    if (worker === undefined) return;
    this.deaths.push({ worker: worker.name, at: now() });
    worker.child.kill('SIGKILL');
    await worker.exited;
  }

  /** For longer than its lease. */
  async #pause(): Promise<void> {
    const worker = this.#any();
    if (worker === undefined) return;
    this.deaths.push({ worker: worker.name, at: now() });
    worker.child.kill('SIGSTOP');
    await sleep(LEASE_MS * (1.4 + this.#parts.random() * 2));
    worker.child.kill('SIGCONT');
  }

  async #leave(): Promise<void> {
    const worker = this.#take();
    if (worker !== undefined) await this.#stop(worker);
  }

  async #join(): Promise<void> {
    if (this.#workers.length < WORKERS_MAX) await this.#add();
  }

  async #cut(): Promise<void> {
    for (const { proxy } of this.#workers) if (this.#parts.random() < 0.6) proxy.cut();
  }

  /** Half-open: neither side hears that the other is away. */
  async #freeze(): Promise<void> {
    const worker = this.#any();
    worker?.proxy.freeze(true);
    await sleep(1_000 + this.#parts.random() * 9_000);
    worker?.proxy.freeze(false);
  }

  async #restartBroker(): Promise<void> {
    await this.#parts.broker.kill(this.#parts.random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
    await sleep(500 + this.#parts.random() * 4_000);
    await this.#parts.broker.run();
    // Clients look again every two seconds.
    await sleep(3_000);
  }

  async #sinkDown(): Promise<void> {
    const file = join(this.#parts.directory, 'sink-is-down');
    writeFileSync(file, '');
    await sleep(2_000 + this.#parts.random() * 8_000);
    rmSync(file);
    await sleep(3_000);
  }

  async #deploy(): Promise<void> {
    for (const worker of this.#workers.splice(0)) {
      await this.#add();
      await this.#stop(worker);
    }
  }
}

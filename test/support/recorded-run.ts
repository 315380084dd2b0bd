import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, type Random } from '../../src/index.ts';
import {
  createRig,
  hang,
  message,
  type Reaction,
  type RouterRig,
  refusing,
  reject,
  ScriptedChannel,
  Sink,
  slow,
  throwSync,
} from './router-rig.ts';

const NAMES = ['tick', 'ohlcv', 'fmv'] as const;
const SYMBOLS = ['A', 'B', 'C', 'D', 'E'];

const reactions: readonly Reaction[] = [
  throwSync,
  reject,
  hang,
  slow(30),
  ({ context }) => context.fail(0, new Error('first')),
  async ({ context }) => {
    await null;
    context.emit('late or not');
    context.fail(0, { retryable: false });
  },
  () => {
    throw { retryable: false };
  },
  () => Promise.reject(Object.assign(new Error('busy'), { retryAfterMs: 70 })),
];

/** A run to be recorded. */
export interface RecordedRun {
  readonly rig: RouterRig;
  readonly directory: string;
  /** Writes the incident; resolves with the file. */
  write(): Promise<string>;
  end(): Promise<void>;
}

/** Makes a router of chance, on the simulated clock, that records into a directory of its own. */
export async function beginRun(seed: number, last: number): Promise<RecordedRun & { readonly random: Random }> {
  const random = createRandom(seed);
  const directory = await mkdtemp(join(tmpdir(), 'sluice-recorded-'));
  const channel = {
    overflow: oneOf(random, ['reject', 'drop-oldest', 'drop-newest', 'conflate'] as const),
    batchSize: 1 + whole(random, 5),
    capacity: 5 + whole(random, 40),
    partitions: 1 + whole(random, 2),
    partitionBy: oneOf(random, ['sym', 'sym', 'least-loaded']),
    processTimeoutMs: 100,
    abandonAfterMs: 100,
    restart: { limit: 3, withinMs: 2_000 },
    breaker: random() < 0.2 ? (false as const) : { coolDownMs: 200, coolDownMsMax: 1_000, minimumCalls: 3 },
  };
  const rig = await createRig({
    seed,
    channels: { tick: { ...channel, priority: 1 }, ohlcv: channel, fmv: { ...channel, partitions: 1 } },
    recordIncident: { last, directory, filesMax: 0 },
    recognise: [(each) => ((each as { mark?: string } | null)?.mark === 'rule' ? 'fmv' : undefined)],
  });
  // A host that routes from its listeners.
  let answers = 0;
  rig.router.events.on('batch.failed', () => {
    answers += 1;
    if (answers % 3 === 0) rig.router.route(message('fmv', -answers, 'A'));
  });
  const end = (): Promise<void> => rm(directory, { recursive: true });
  return { rig, directory, random, end, write: () => rig.router.writeIncident('the test asked for it') };
}

type Act = (rig: RouterRig, random: Random, n: number) => unknown;

const acts: readonly Act[] = [
  ...Array.from({ length: 6 }, (): Act => burst),
  ...Array.from({ length: 5 }, (): Act => (rig, random) => rig.advance(whole(random, 400))),
  (rig, random) => rig.advance(whole(random, 4_000)),
  ...Array.from({ length: 3 }, (): Act => fault),
  (rig, random) => {
    rig.sink(name(random)).reaction = random() < 0.5 ? refusing(({ n }) => n % 17 === 3) : () => {};
  },
  ({ router }, random) =>
    router[oneOf(random, ['pause', 'resume', 'resume', 'flush', 'restart'] as const)](name(random)),
  ({ router }, random) => withBreaker(() => router[oneOf(random, ['trip', 'reset', 'reset'] as const)](name(random))),
  ({ router }) => router.metrics(),
  ({ router }, random) => router.explain(name(random)),
  ({ router }) => void router.route(null),
  ({ router }, _random, n) => void router.route({ mark: 'rule', sym: 'A', n }),
  ({ router }) => void router.deadLetters.replay({ perSecond: 1_000, limit: 3 }),
  offers,
  ({ router }, random, n) => void router.consume([message(name(random), n), [message('tick', n + 1)]]).catch(() => {}),
  ({ router }, random) => reload(router, random),
  (rig, _random, n) => {
    const added = `more-${n}`;
    rig.router.add(added, () => new ScriptedChannel(new Sink(), rig.clock), { batchSize: 2 });
    rig.router.route({ ev: added, n }, { dataType: added });
    if (n % 2 === 0) void rig.router.remove(added, { deadlineMs: 50 }).catch(() => {});
  },
];

/** Does so many things by chance. */
export async function act({ rig, random }: { rig: RouterRig; random: Random }, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await acts[whole(random, acts.length)]?.(rig, random, n * 100);
}

/** Lets everything come to rest, often enough for breakers to forget. */
export async function calmDown({ rig }: { rig: RouterRig }): Promise<void> {
  for (const channel of NAMES) {
    rig.sink(channel).script.length = 0;
    rig.sink(channel).reaction = () => {};
    if (rig.router.channels.get(channel)?.breaker !== undefined) rig.router.reset(channel);
    rig.router.resume(channel);
    rig.router.restart(channel);
  }
  await rig.advance(5_000);
  // A re-run that begins at a calm moment has no dead letters from before it.
  rig.router.deadLetters.drop();
  for (let n = 0; n < 130; n += 1) {
    for (const channel of NAMES) for (const sym of SYMBOLS) rig.router.route(message(channel, 10_000 + n, sym));
    await rig.advance(1_000);
  }
}

function burst({ router }: RouterRig, random: Random, n: number): void {
  const channel = name(random);
  for (let left = 1 + whole(random, 20); left > 0; left -= 1)
    router.route(message(channel, n + left, SYMBOLS[whole(random, SYMBOLS.length)]));
}

function fault(rig: RouterRig, random: Random): void {
  const { script } = rig.sink(name(random));
  for (let left = 1 + whole(random, 6); left > 0; left -= 1) script.push(oneOf(random, reactions));
}

function offers({ router }: RouterRig, random: Random, n: number): void {
  const channel = name(random);
  const withdrawal = new AbortController();
  for (let left = 15; left > 0; left -= 1)
    router.offer(message(channel, n + left), { signal: withdrawal.signal }).catch(() => {});
  if (random() < 0.5) withdrawal.abort();
}

function reload(router: RouterRig['router'], random: Random): void {
  const { channels, router: limits } = router.config;
  const tick = { ...channels.tick, batchSize: 1 + whole(random, 4), partitions: 1 + whole(random, 2) };
  void router.reconfigure({ router: limits, channels: { ...channels, tick } }).catch(() => {});
}

function withBreaker(run: () => void): void {
  try {
    run();
  } catch {
    // This run has no breakers.
  }
}

function name(random: Random): (typeof NAMES)[number] {
  return oneOf(random, NAMES);
}

function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}

function oneOf<Value>(random: Random, values: readonly Value[]): Value {
  return values[whole(random, values.length)] as Value;
}

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { RunResult } from './run.ts';

/** A bug as a change of one place of the sources. */
interface PlantedBug {
  readonly name: string;
  /** Where the tests begin to look: from 1 it would take them half a minute. */
  readonly from?: number;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Enough to find every planted bug. */
export const SEEDS_PLANTED = 1_500;

/** The ten of issue 4, variants of them, and those of sources. None is ever written to a file: they exist in bundles only. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'lost batch on abort',
    file: 'src/channel/call.ts',
    find: 'recovery.putBack(this.asFailed());',
    replace: '',
  },
  {
    name: 'lost batch on abort, counted as delivered',
    file: 'src/channel/call.ts',
    find: 'recovery.putBack(this.asFailed());',
    replace: 'counters[Counter.delivered] += this.size;',
  },
  {
    name: 'timer from the wrong start',
    file: 'src/channel/life.ts',
    find: 'return this.lane.inbox.due.inMs(oldestAcceptedAt(this.lane));',
    replace: 'return this.lane.inbox.limits.timeoutMs;',
  },
  {
    name: 'missing epoch check',
    from: 1_080,
    file: 'src/core/breaker.ts',
    find: 'if (epoch !== this.epoch) return;',
    replace: 'void epoch;',
  },
  {
    name: 'double count',
    file: 'src/channel/settlement.ts',
    find: 'delivered(lane, size);',
    replace: 'delivered(lane, size);\n  if (call.attempt > 1) lane.counters[Counter.delivered] += 1;',
  },
  {
    name: 'order broken on retry',
    file: 'src/channel/calls.ts',
    find: 'const before = recovery.take(batchSize);',
    replace: 'const before = inbox.mailbox.size > 0 ? undefined : recovery.take(batchSize);',
  },
  {
    name: 'order broken on retry, among failed batches',
    file: 'src/core/recovery.ts',
    find: 'this.pushFront({ ...partOf(batch, middle), isSplit: true });',
    replace: 'this.append({ ...partOf(batch, middle), isSplit: true });',
  },
  {
    name: 'leaked timer',
    file: 'src/channel/rest.ts',
    find: 'this.resting.lane.services.timers.clearTimeout(this.timer);',
    replace: '',
  },
  {
    name: 'leaked timer, of the watchdog',
    file: 'src/channel/watchdog.ts',
    find: 'this.watched.lane.services.timers.clearTimeout(this.timer);',
    replace: '',
  },
  {
    name: 'starved priority',
    from: 1_300,
    file: 'src/core/scheduler.ts',
    find: 'if (!isFirstWaiting && this.urgencyOf(turn) > 0) turn = this.queue.fairest ?? turn;',
    replace:
      'for (const { first } of this.queue.oldest) if (first !== undefined && first.priority < turn.priority) turn = first;',
  },
  {
    name: 'breaker window that never expires',
    file: 'src/core/breaker-window.ts',
    find: 'for (let bucket = newest - TIME_BUCKETS + 1; bucket <= newest; bucket += 1) {\n      const slot = slotOf(bucket);\n      if (this.#buckets[slot] !== bucket) continue;',
    replace:
      'for (let bucket = newest - TIME_BUCKETS + 1; bucket <= newest; bucket += 1) {\n      const slot = slotOf(bucket);\n      if (this.#buckets[slot] === Number.NEGATIVE_INFINITY) continue;',
  },
  {
    name: 'restart that drops the mailbox',
    file: 'src/channel/calls.ts',
    find: 'this.call?.abandon(putBack);',
    replace: 'this.call?.abandon(putBack);\n    if (putBack) this.lane.inbox.mailbox.drain();',
  },
  {
    name: 'commit over a hole',
    file: 'src/source/ack-ledger.ts',
    find: 'while (this.oldest?.isDone === true) this.prefix += 1;',
    replace: 'this.prefix = this.heldFrames().findLastIndex(({ isDone }) => isDone) + 1;',
  },
  {
    name: 'dead letter written after the commit',
    file: 'src/facts/stored-letters.ts',
    find: '    origin?.condemned?.();',
    replace: "    origin?.settled('dead-lettered', letter);\n    origin = undefined;",
  },
  {
    name: 'late outcome that settles',
    from: 500,
    file: 'src/channel/call.ts',
    find: 'recovery.putBack(this.asFailed());',
    replace:
      "for (const origin of this.details.origins ?? []) origin?.settled('delivered');\n    recovery.putBack(this.asFailed());",
  },
  {
    name: 'message that is handed back and counts as settled',
    file: 'src/source/frame-origin.ts',
    find: '    this.comeBack();\n    this.listener.handedBack();',
    replace: '    this.settled();',
  },
  {
    name: 'delivery of what waits after its stay ended',
    file: 'src/source/partition-reader.ts',
    find: '    this.parts.door.stayEnded();',
    replace: '',
  },
  {
    name: 'retry of a call that outlived its stay',
    file: 'src/core/recovery.ts',
    find: 'this.pushFront(this.withoutEnded(batch));',
    replace: 'this.pushFront(batch);',
  },
  {
    name: 'full store that evicts',
    file: 'src/testing/simulated-letter-store.ts',
    find: 'if (letters.size >= max)',
    replace: "if (letters.size >= max) letters.delete([...letters.keys()][0] ?? '');\n        if (letters.size > max)",
  },
  {
    name: 'checkpoint of an older owner that wins',
    file: 'src/testing/memory-partition.ts',
    find: "if (this.stay !== stay) return 'lost';",
    replace:
      "if (this.stay !== stay) {\n      this.committed = change.position ?? this.committed;\n      return 'kept';\n    }",
  },
  {
    name: 'report that forgets dead letters',
    file: 'src/report/drain-report.ts',
    find: '    ...ledger,',
    replace: '    ...ledger,\n    deadLettered: 0,',
  },
];

/** Plants a bug and runs seeds until a law is broken; undefined: none was. */
export async function firstViolation(bug: PlantedBug, seeds: number, from = 1): Promise<RunResult | undefined> {
  const root = process.cwd();
  const places = readFileSync(join(root, bug.file), 'utf8').split(bug.find).length - 1;
  if (places !== 1) throw new Error(`${bug.file} has ${places} places that read: ${bug.find}`);
  // Below the project, so that the bundle finds its dependencies.
  const folder = mkdtempSync(join(root, 'node_modules', '.planted-'));
  try {
    const bundle = join(folder, 'runnable.mjs');
    await build({
      ...{ entryPoints: [join(root, 'test/simulation/runnable.ts')], outfile: bundle, plugins: [planting(bug, root)] },
      ...{ bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'silent' },
    });
    const { run, planOf } = (await import(pathToFileURL(bundle).href)) as typeof import('./runnable.ts');
    for (let seed = from; seed < from + seeds; seed += 1) {
      const result = await run(planOf(seed));
      if (result.violations.length > 0) return result;
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Tells for each bug which law finds it. The exit code: 1 if none finds one. */
export async function runPlanted(seeds: number, from: number, write: (line: string) => void): Promise<number> {
  let missed = 0;
  for (const bug of plantedBugs) {
    let why = `in ${seeds} seeds`;
    const found = await firstViolation(bug, seeds, from).catch((error: Error) => {
      why = error.message;
      return undefined;
    });
    if (found === undefined) missed += 1;
    const { law, text } = found?.violations[0] ?? { law: 'NOTHING', text: why };
    const after = found === undefined ? '' : `after ${found.seed - from + 1} seeds (seed ${found.seed})`;
    write(`${bug.name.padEnd(44)} ${law} ${after}\n${' '.repeat(46)}${text.slice(0, 160)}\n`);
  }
  return missed === 0 ? 0 : 1;
}

function planting({ file, find, replace }: PlantedBug, root: string): Plugin {
  const path = join(root, file);
  return {
    name: 'planting',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, (loaded) => {
        if (loaded.path !== path) return undefined;
        return { contents: readFileSync(path, 'utf8').replace(find, () => replace), loader: 'ts' };
      });
    },
  };
}

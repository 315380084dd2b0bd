import { join } from 'node:path';
import { createVitest, type TestModule, type Vitest } from 'vitest/node';

/** What became of a mutant. One whose tests ran out of time may hang, or the machine was busy: that decides nothing. */
export type Verdict =
  | { readonly is: 'survived' }
  | {
      readonly is: 'killed' | 'undecided';
      /** The test file, from the root of the project. */
      readonly by: string;
      readonly test: string;
      readonly message: string;
    };

/**
 * Where else there are tests that know of machines; those that compare a chart with its drawing only
 * repeat it, and those that count in a process of their own do not see the mutant.
 */
const WIDER = [
  'test/unit/failures',
  'test/unit/channel',
  'test/unit/router',
  'test/unit/feeds',
  'test/unit/source',
  'test/unit/report/',
];
const BLIND = /\/(charts|mermaid|hot-path|growth)\.test\.ts$/;
/** For tests whose promise never settles; simulated clocks wait for nothing. */
const HANGS_MS = 120_000;
const root = process.cwd();

/** The project's own tests, with one file of it replaced while a mutant is tried. The tree is never changed. */
export class MutantTests {
  readonly #vitest: Vitest;
  readonly #replaced: Map<string, string>;

  private constructor(vitest: Vitest, replaced: Map<string, string>) {
    this.#vitest = vitest;
    this.#replaced = replaced;
  }

  static async create(): Promise<MutantTests> {
    const replaced = new Map<string, string>();
    const vitest = await createVitest(
      'test',
      {
        config: join(root, 'config/vitest.config.ts'),
        root,
        watch: false,
        reporters: [{}],
        bail: 1,
        pool: 'threads',
        maxWorkers: 1,
        testTimeout: HANGS_MS,
        hookTimeout: HANGS_MS,
        silent: true,
      },
      { plugins: [{ name: 'mutant', enforce: 'pre', transform: (_, id) => replaced.get(id) }] },
    );
    return new MutantTests(vitest, replaced);
  }

  /** Runs the tests until one fails, those of the model first, with another `source` for the machine at `path`. */
  async try(path: string, source: string): Promise<Verdict> {
    for (const filters of [[path.replace(/^machines\/(\w+)\.ts$/, 'test/model/$1.test.ts')], WIDER]) {
      const key = filters.join();
      const baseline = baselines.get(key) ?? this.#run(path, undefined, filters);
      baselines.set(key, baseline);
      const healthy = await baseline;
      // Otherwise every mutant would count as killed.
      if (healthy.is !== 'survived') throw new Error(`${healthy.by} fails without any mutant: ${healthy.message}`);
      const verdict = await this.#run(path, source, filters);
      if (verdict.is !== 'survived') return verdict;
    }
    return { is: 'survived' };
  }

  async #run(path: string, source: string | undefined, filters: string[]): Promise<Verdict> {
    const id = join(root, path);
    // The mutant before may have been one of the other machine.
    for (const former of [...this.#replaced.keys(), id]) this.#vitest.invalidateFile(former);
    this.#replaced.clear();
    if (source !== undefined) this.#replaced.set(id, source);
    const specifications = await this.#vitest.globTestSpecifications(filters);
    const chosen = specifications.filter(({ moduleId }) => !BLIND.test(moduleId));
    this.#vitest.state.errorsSet.clear();
    const { testModules, unhandledErrors } = await this.#vitest.runTestSpecifications(chosen);
    // What vitest remembers of other files was said of another mutant.
    const ours = new Set(chosen.map(({ moduleId }) => moduleId));
    const said = testModules.filter(({ moduleId }) => ours.has(moduleId));
    return failureIn(said) ?? failureOf(unhandledErrors) ?? { is: 'survived' };
  }
}

/** What the tests say without any mutant: found out once, when they are first needed. */
const baselines = new Map<string, Promise<Verdict>>();

function failureIn(modules: readonly TestModule[]): Verdict | undefined {
  for (const module of modules) {
    if (module.ok()) continue;
    for (const test of module.children.allTests('failed'))
      return failed(module.relativeModuleId, test.fullName, test.result().errors?.[0]);
    const [error] = module.errors();
    if (error !== undefined) return failed(module.relativeModuleId, 'its import', error);
  }
  return undefined;
}

function failureOf(unhandledErrors: readonly unknown[]): Verdict | undefined {
  return unhandledErrors.length === 0 ? undefined : failed('an unhandled error', '', unhandledErrors[0]);
}

function failed(by: string, test: string, error: unknown): Verdict {
  const { message = String(error) } = (error ?? {}) as { message?: string };
  const is = /^(Test|Hook) timed out/.test(message) ? 'undecided' : 'killed';
  return { is, by, test, message: message.split('\n')[0] ?? '' };
}

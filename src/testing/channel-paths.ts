import { channelMachine } from '../../machines/channel.ts';
import type { ChannelSource } from '../channel/channel-source.ts';
import type { AnyChannel, EventOf } from '../channel/processing-channel.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import { invalidOption } from '../core/sluice-error.ts';
import { channelModel } from './channel-model.ts';
import { makerOf } from './channel-source.ts';
import type { World } from './channel-world.ts';
import { checkConservation, checkOrder } from './checkers.ts';
import { longest, type ModelEvent, type ModelSnapshot, pathsThrough, placeOf } from './machine-paths.ts';
import { NAME, PathRun, type RunOptions } from './path-run.ts';
import type { TestRouter } from './test-router.ts';
import { createTransitionCoverage } from './transition-coverage.ts';

/** The options of `channelPaths`. */
export interface ChannelPathsOptions<Event> {
  /** Messages that the channel accepts and can process; the paths send them repeatedly. At least one. */
  readonly messages: readonly unknown[];
  /** Your own assertion, called at the end of each path, after the router has stopped. Default: none. */
  readonly check?: (test: TestRouter<{ readonly channel: string; readonly event: Event }>) => unknown;
  /** The `eventRules` in the configuration of the channel. Default: none. */
  readonly eventRules?: Readonly<Record<string, unknown>>;
  /**
   * `steps`: the fewest paths that take every step from one state to another; about a second. `all`: every path with
   * every combination of waiting and failed messages; ten to twenty seconds. Default: `steps`.
   */
  readonly extent?: Extent;
}

/** One path through the statechart. */
export interface ChannelPath {
  /** The steps of the path in the words of the statechart, unique among all paths. */
  readonly description: string;
  /** Walks the path with a new router. Rejects at the first step with an unexpected state or a broken law. */
  readonly test: () => Promise<void>;
}

/** What the paths walked so far have reached. */
export interface PathCoverage {
  readonly states: { readonly reached: number; readonly total: number; readonly missing: readonly string[] };
  readonly transitions: { readonly taken: number; readonly total: number; readonly missing: readonly string[] };
}

/** Paths for a test runner, and what they have covered. */
export interface ChannelPaths {
  readonly paths: readonly ChannelPath[];
  readonly coverage: () => PathCoverage;
}

const pathsOptions: OptionNames<ChannelPathsOptions<unknown>> = {
  messages: true,
  check: true,
  eventRules: true,
  extent: true,
};

type Extent = 'steps' | 'all';

type Check = (test: TestRouter<never>) => unknown;

interface Step {
  readonly event: ModelEvent<World>;
  readonly state: ModelSnapshot<World>;
}

const BATCH_SIZE = 2;

/**
 * Model-tests a channel. `xstate/graph` generates paths through the real statechart; an instance of the channel walks
 * each path in a real router on simulated time. `warmUp`, `process` and `close` succeed, fail or hang as the path says;
 * messages arrive; operators pause, trip, restart and drain. After each step the channel must be in the expected state,
 * and the laws of conservation and order must hold.
 */
export function channelPaths<Channel extends AnyChannel>(
  channel: ChannelSource<Channel>,
  options: ChannelPathsOptions<EventOf<Channel>>,
): ChannelPaths {
  checkOptions('channelPaths', options, pathsOptions);
  const { messages, check = () => {}, eventRules = {}, extent = 'steps' } = options;
  if (messages.length === 0) throw invalidOption('messages must have at least one message that the channel accepts');
  const make = makerOf(channel);
  const transitions = createTransitionCoverage(channelMachine);
  const reached = new Set<string>();
  const chosen = pathsOf(extent);
  const run = { make, messages, eventRules, batchSize: BATCH_SIZE, inspect: transitions.inspector };
  return {
    paths: chosen.map((steps) => ({ description: describe(steps), test: () => walk(steps, run, reached, check) })),
    coverage: () => {
      const { total, covered, missing } = transitions.report();
      const places = [...new Set(pathsOf('steps').flatMap((steps) => steps.map(({ state }) => placeOf(state))))];
      const missed = places.filter((place) => !reached.has(place));
      return {
        states: { reached: places.length - missed.length, total: places.length, missing: missed },
        transitions: { taken: covered, total, missing },
      };
    },
  };
}

/** The paths are the same for every channel and made once, which takes a second. */
const generated: Partial<Record<Extent, readonly (readonly Step[])[]>> = {};

function pathsOf(extent: Extent): readonly (readonly Step[])[] {
  let paths = generated[extent];
  if (paths !== undefined) return paths;
  const all = pathsThrough(channelModel(BATCH_SIZE));
  const chosen = extent === 'all' ? longest(all) : all;
  paths = chosen.map(({ steps }): readonly Step[] => steps);
  if (extent === 'steps') paths = withEveryStep(paths);
  generated[extent] = paths;
  return paths;
}

async function walk(steps: readonly Step[], options: RunOptions, reached: Set<string>, check: Check): Promise<void> {
  const run = new PathRun(options);
  let number = 0;
  try {
    await run.settle();
    for (const { event, state } of steps) {
      if (event.type !== 'xstate.init') await run.cause(event);
      compare(run, state);
      checkLaws(run);
      reached.add(placeOf(state));
      number += 1;
    }
    await finish(run);
    // The router has only this channel, so it emits the events of its class.
    await check(run.test as TestRouter<never>);
  } catch (error) {
    const step = steps[number];
    const place = step === undefined ? 'at the end' : `in step ${number + 1} of ${steps.length}, ${step.event.type}`;
    const why = `${place}: ${(error as Error).message}\npath: ${describe(steps)}\n${run.test.explanations()}`;
    throw new Error(why, { cause: error });
  } finally {
    run.end();
  }
}

/** The model and the real channel must be in the same state, with the same numbers of messages. */
function compare(run: PathRun, state: ModelSnapshot<World>): void {
  const { snapshot } = run;
  const expected = placeOf(state);
  if (placeOf(snapshot) !== expected || snapshot.status !== state.status)
    throw new Error(`the channel should be in ${expected}, but is in ${placeOf(snapshot)}`);
  if (state.status !== 'active' || expected === 'closing') return;
  const { held, waiting, call } = state.world;
  const { waiting: reallyWaiting, inFlight } = run.test.router.explain(NAME);
  const shouldWait = held.reduce((sum, size) => sum + size, waiting);
  if (reallyWaiting !== shouldWait || inFlight !== call) {
    const should = `${shouldWait} messages should wait and ${call} be in flight`;
    throw new Error(`in ${expected} ${should}, but ${reallyWaiting} wait and ${inFlight} are in flight`);
  }
}

function checkLaws({ test, gates }: PathRun): void {
  const order = [gates.handed, gates.delivered].flatMap((payloads) => {
    const sequences = sequencesOf(payloads, gates.checked);
    return checkOrder(sequences, { key: () => 'the channel', sequence: (sequence) => sequence });
  });
  demand([...checkConservation(test.router.metrics()), ...order]);
}

/** The positions of payloads in the order of acceptance. Equal payloads are taken in that order. */
function sequencesOf(payloads: readonly unknown[], checked: readonly unknown[]): readonly number[] {
  let next = 0;
  return payloads.map((payload) => {
    const sequence = checked[next] === payload ? next : checked.lastIndexOf(payload);
    next = Math.max(next, sequence + 1);
    return sequence;
  });
}

/** Removes all obstacles: the router must deliver everything, stop, account for every message and leave no timer. */
async function finish(run: PathRun): Promise<void> {
  const { test } = run;
  await run.release();
  checkLaws(run);
  const { waiting, inFlight } = test.router.explain(NAME);
  if (run.isServing && waiting + inFlight > 0)
    throw new Error(`all obstacles are removed, but ${waiting} messages wait and ${inFlight} are in flight`);
  const report = await test.stop();
  await run.settle();
  const problems = [...checkConservation(report)];
  const { pending } = test.clock;
  if (pending > 0) problems.push(`${pending} timers are left`);
  const reported = report.channels[NAME];
  const counted = test.router.metrics().channels[NAME];
  if (counted?.delivered !== reported?.delivered || counted?.inFlight !== reported?.inFlight)
    problems.push('a call that ended after the stop was counted');
  demand(problems);
  checkLaws(run);
}

function demand(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join('; '));
}

/** The shortest paths that together take every step, without paths that the others make redundant. */
function withEveryStep(paths: readonly (readonly Step[])[]): readonly (readonly Step[])[] {
  const times = new Map<string, number>();
  const count = (steps: readonly Step[], by: number): void => {
    for (const name of stepNames(steps)) times.set(name, (times.get(name) ?? 0) + by);
  };
  const shortestFirst = [...paths].sort((a, b) => a.length - b.length);
  const kept = shortestFirst.filter((steps) => {
    const isNew = stepNames(steps).some((name) => !times.get(name));
    if (isNew) count(steps, 1);
    return isNew;
  });
  return kept.filter((steps) => {
    const isNeedless = !stepNames(steps).some((name) => times.get(name) === 1);
    if (isNeedless) count(steps, -1);
    return !isNeedless;
  });
}

function stepNames(steps: readonly Step[]): readonly string[] {
  const names = steps.map(({ event, state }, index) => {
    const before = steps[index - 1];
    return `${before === undefined ? '' : placeOf(before.state)} ${event.type} ${placeOf(state)}`;
  });
  return [...new Set(names)];
}

function describe(steps: readonly Step[]): string {
  return steps.map(({ event, state }) => `${wordsOf(event)} (${placeOf(state)})`).join(' → ');
}

/** `xstate.after.retryDelay.channel.ready.retrying` is `after retryDelay`. */
function wordsOf({ type, world }: ModelEvent<World>): string {
  if (type === 'channel.drain' && world.isDeadlineNear) return `${type} in no time`;
  if (type === 'channel.reconfigured' && world.batchSize !== BATCH_SIZE)
    return `${type} to batches of ${world.batchSize}`;
  const [, kind = '', name = ''] = /^xstate\.(init|done\.actor|error\.actor|after)\.?(\w*)/.exec(type) ?? [];
  if (kind === '') return type;
  if (kind === 'init') return 'start';
  return kind === 'after' ? `after ${name}` : `${name} ${kind.startsWith('done') ? 'done' : 'failed'}`;
}

import type { RouterConfigInput, RouterEvents } from '../../src/index.ts';
import { actionsInside } from './acting-hosts.ts';
import { type BurstShape, figureShapes } from './burst-shapes.ts';
import { chanceOf, type Dice } from './chance.ts';
import { type ChannelInput, channelChange, channelConfig, routerConfig } from './channel-configs.ts';
import { badYear, type FaultKind, type FaultModel } from './fault-model.ts';
import { actionsOutside, type OutsidePlan, outsideOf } from './outside-plan.ts';
import { hugeOf, overridesOf, sceneOf, withScenes } from './scenes.ts';

/** What is wrong with a message itself, at whatever sink: `poison` always fails, `refused` says that it always will. */
export type Mark = 'poison' | 'refused' | 'invalid';

/** What a sink does with the calls it gets. */
export type SinkMode =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'failing'; readonly how: 'throws' | 'rejects'; readonly afterMs: number; readonly asksMs: number }
  /** Says nothing, or only when it was given up long ago. */
  | { readonly kind: 'hanging'; readonly settles: 'never' | 'resolves' | 'rejects'; readonly afterMs: number }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'flaky'; readonly rate: number; readonly ms: number }
  /** Names some messages as failed and takes the others. */
  | { readonly kind: 'naming'; readonly rate: number; readonly ms: number }
  /** Keeps the processor, and finds itself `refill` new messages each time, for a while. */
  | { readonly kind: 'busy'; readonly ms: number; readonly refill: number; readonly forMs: number };

export type CrashPlace = 'constructor' | 'warm-up' | 'warm-up-hangs' | 'close' | 'close-hangs';
/** The facts in whose listeners something may be done. */
export type FactName = Exclude<keyof RouterEvents, 'event'>;

/** Where something may be done from inside: in a listener, by its fact, or in another callback of the host. */
export type Place = FactName | 'process' | 'rule' | 'key' | 'validate' | 'logger';

/** One thing that is done to the router or its world. */
export type Operation =
  | {
      readonly kind: 'burst';
      readonly channel: string;
      readonly shape: BurstShape;
      readonly keys: number;
      /** Every so many messages one is marked. */
      readonly mark: Mark | null;
      readonly markEvery: number;
    }
  | { readonly kind: 'offer'; readonly channel: string; readonly count: number; readonly abortAfterMs: number | null }
  | { readonly kind: 'garbage'; readonly count: number }
  | { readonly kind: 'sink'; readonly channel: string; readonly mode: SinkMode }
  | { readonly kind: 'crash'; readonly channel: string; readonly place: CrashPlace; readonly times: number }
  | { readonly kind: 'pause' | 'resume' | 'flush'; readonly channel: string | null }
  | { readonly kind: 'trip' | 'reset' | 'restart'; readonly channel: string }
  | { readonly kind: 'reload'; readonly channel: string; readonly change: ChannelInput }
  | { readonly kind: 'reload-broken' }
  | { readonly kind: 'add'; readonly channel: string; readonly config: ChannelInput }
  | { readonly kind: 'remove'; readonly channel: string; readonly deadlineMs: number }
  | { readonly kind: 'callbacks'; readonly whose: 'listener' | 'logger' | 'inspector'; readonly throws: boolean }
  | { readonly kind: 'jump'; readonly ms: number }
  | { readonly kind: 'replay'; readonly channel: string | null }
  | { readonly kind: 'inside'; readonly place: Place; readonly operation: Operation }
  /** So many messages for all channels, through one of the streams. */
  | { readonly kind: 'stream'; readonly how: 'consume' | 'writable'; readonly count: number; readonly everyMs: number }
  /** Frames of so many messages are appended to the source. */
  | {
      readonly kind: 'frames';
      readonly partition: number;
      readonly channel: string;
      readonly sizes: readonly number[];
      readonly mark: Mark | null;
      readonly markEvery: number;
    }
  /** The source asks for a partition, or takes it away; then it is free again. */
  | { readonly kind: 'revoke'; readonly partition: number; readonly withinMs: number }
  | { readonly kind: 'lose'; readonly partition: number }
  | { readonly kind: 'source-fails'; readonly how: 'reads' | 'commits'; readonly forMs: number }
  | { readonly kind: 'store-fails'; readonly forMs: number }
  /** As `kill -9`: another process begins with what lasts. */
  | { readonly kind: 'kill' }
  | { readonly kind: 'stop'; readonly deadlineMs: number };

/** An operation and its time since the start. */
export interface Action {
  readonly atMs: number;
  readonly operation: Operation;
}

/** All that is going to happen in a run: the same plan gives the same run. */
export interface Plan {
  readonly seed: number;
  readonly config: RouterConfigInput;
  /** What code says: the configuration is a file then, and so are those that follow. */
  readonly overrides: RouterConfigInput | undefined;
  readonly outside: OutsidePlan | undefined;
  readonly actions: readonly Action[];
}

/** Makes the plan of a seed. */
export function planOf(seed: number, shapes: readonly BurstShape[] = figureShapes, model: FaultModel = badYear): Plan {
  const huge = hugeOf(seed);
  if (huge !== undefined) return { seed, ...huge };
  const dice = chanceOf(seed, 0);
  const names = ['tick', 'ohlcv', 'fmv', 'quote'].slice(0, dice.whole(1, 4));
  const config = { router: routerConfig(dice), channels: withScenes(seed, channelsOf(names, dice)) };
  const weights = someOf(model.weights, model.leftOut, dice);
  const scene: Scene = { dice, model: { ...model, weights }, names, shapes };
  const actions: Action[] = [];
  let atMs = 0;
  for (let left = dice.whole(model.actionsMin, model.actionsMax); left > 0; left -= 1) {
    atMs += Math.floor(dice.random() ** 3 * model.gapMsMax);
    actions.push({ atMs, operation: operation(dice.weighted(weights), scene) });
  }
  const outside = outsideOf(seed);
  const all = Object.keys(config.channels);
  actions.push(...sceneOf(seed, all, atMs));
  actions.push(...actionsInside(seed, names, atMs));
  if (outside !== undefined) actions.push(...actionsOutside(seed, outside, names.slice(0, KNOWN_BY_EVENT), atMs));
  actions.sort((left, right) => left.atMs - right.atMs);
  if (dice.isBelow(model.stoppedEarly)) {
    const at = dice.whole(0, actions.length);
    const deadlineMs = dice.of([0, 1, 50, 300, 2_000]);
    actions.splice(at, 0, { atMs: actions[at]?.atMs ?? atMs, operation: { kind: 'stop', deadlineMs } });
  }
  return { seed, config, overrides: overridesOf(seed, all), outside, actions };
}

/** Of the names of channels, so many have messages that the shipped rules know; those of a source have to be known. */
const KNOWN_BY_EVENT = 3;

interface Scene {
  readonly dice: Dice;
  readonly model: FaultModel;
  readonly names: readonly string[];
  readonly shapes: readonly BurstShape[];
}

function channelsOf(names: readonly string[], dice: Dice): Record<string, ChannelInput> {
  return Object.fromEntries(names.map((name) => [name, channelConfig(dice)]));
}

/** Messages always come; of the faults a share is left out. */
function someOf(weights: FaultModel['weights'], leftOut: number, dice: Dice): FaultModel['weights'] {
  const entries = Object.entries(weights).map(([kind, weight]) => [
    kind,
    kind !== 'burst' && dice.isBelow(leftOut) ? 0 : weight,
  ]);
  // The same keys with other numbers.
  return Object.fromEntries(entries) as FaultModel['weights'];
}

function operation(kind: FaultKind, scene: Scene): Operation {
  const { dice, names } = scene;
  const channel = dice.of(names);
  switch (kind) {
    case 'burst':
      return burst(channel, scene);
    case 'offer':
      return { kind, channel, count: dice.whole(1, 12), abortAfterMs: dice.isBelow(0.4) ? dice.whole(0, 80) : null };
    case 'garbage':
      return { kind, count: dice.whole(1, 4) };
    case 'sink':
      return { kind, channel, mode: sinkMode(scene) };
    case 'crash':
      return { kind, channel, place: dice.of(CRASH_PLACES), times: dice.whole(1, 3) };
    case 'pause':
    case 'resume':
    case 'flush':
      return { kind, channel: dice.isBelow(0.8) ? channel : null };
    case 'trip':
    case 'reset':
    case 'restart':
      return { kind, channel };
    case 'reload':
      return { kind, channel, change: channelChange(dice) };
    case 'add':
      return { kind, channel: 'extra', config: channelConfig(dice) };
    case 'remove':
      return { kind, channel: dice.of([...names, 'extra']), deadlineMs: dice.of([0, 20, 500]) };
    case 'callbacks':
      return { kind, whose: dice.of(['listener', 'logger', 'inspector']), throws: dice.isBelow(0.6) };
    case 'jump':
      return { kind, ms: dice.of([1, 7, 60, 700, 5_000]) };
    case 'replay':
      return { kind, channel: dice.isBelow(0.7) ? channel : null };
    case 'inside':
      return { kind, place: dice.of(FACTS), operation: operation(dice.of(INSIDE), scene) };
    case 'reload-broken':
      return { kind };
  }
}

const CRASH_PLACES: readonly CrashPlace[] = ['constructor', 'warm-up', 'warm-up-hangs', 'close', 'close-hangs'];
const FACTS = [
  ...(['process', 'channel.entered', 'batch.failed', 'batch.flushed', 'message.deadLettered'] as const),
  ...(['breaker.opened', 'breaker.closed', 'message.dropped', 'message.rejected', 'channel.restarted'] as const),
];
const INSIDE = [
  ...(['burst', 'offer', 'sink', 'pause', 'resume', 'flush', 'trip', 'reset', 'restart', 'reload'] as const),
];

function burst(channel: string, { dice, shapes, model }: Scene): Operation {
  const mark = dice.isBelow(model.poisoned) ? dice.of<Mark>(['poison', 'refused', 'invalid']) : null;
  return {
    kind: 'burst',
    channel,
    shape: dice.of(shapes),
    keys: dice.of([1, 2, 5, 20]),
    mark,
    markEvery: dice.of([3, 9, 25]),
  };
}

function sinkMode({ dice, model }: Scene): SinkMode {
  const kind = dice.weighted(model.sinks);
  const rate = dice.of([0.1, 0.3, 0.7]);
  switch (kind) {
    case 'healthy':
      return { kind };
    case 'failing':
      return {
        kind,
        how: dice.of(['throws', 'rejects']),
        afterMs: dice.of([0, 0, 5, 40]),
        asksMs: dice.isBelow(0.2) ? dice.of([30, 400]) : 0,
      };
    case 'hanging':
      return { kind, settles: dice.of(['never', 'resolves', 'rejects']), afterMs: dice.whole(60, 900) };
    case 'slow':
      return { kind, ms: dice.of([1, 5, 25, 80, 200]) };
    case 'flaky':
    case 'naming':
      return { kind, rate, ms: dice.of([0, 0, 3, 30]) };
    case 'busy':
      return { kind, ms: dice.of([1, 4, 10]), refill: dice.of([0, 6, 25, 25]), forMs: dice.of([100, 600, 1_500]) };
  }
}

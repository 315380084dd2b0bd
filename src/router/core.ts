import { createSystemClock } from '../adapters/system-clock.ts';
import type { AnyChannel, ChannelFactory } from '../channel/processing-channel.ts';
import type { World } from '../channel/world.ts';
import type { ChannelConfig, RouterConfig } from '../config/schema.ts';
import { Breaker } from '../core/breaker.ts';
import { addLedgers, type Ledger } from '../core/ledger.ts';
import { createRandom } from '../core/random.ts';
import { Recognition } from '../core/recognition.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { Turns } from '../core/turns.ts';
import { Bus } from '../facts/bus.ts';
import { DeadLetters } from '../facts/dead-letters.ts';
import { silentLogger } from '../facts/logger.ts';
import { containLogger, logFacts } from '../facts/logging.ts';
import { Alerts } from '../report/alerts.ts';
import { FlightRecorder } from '../report/flight-recorder.ts';
import { Channel } from './channel.ts';
import { Fleet } from './fleet.ts';
import { Intake } from './intake.ts';
import { type ChannelInput, type Plan, rulesOf } from './plan.ts';
import { RecordingIntake } from './recording-intake.ts';

/** The parts of one router. */
export interface Core {
  config: RouterConfig;
  readonly world: World;
  readonly fleet: Fleet;
  readonly intake: Intake;
  readonly deadLetters: DeadLetters;
  /** What makes each channel, also those that the configuration has taken out. */
  readonly factories: Map<string, ChannelFactory>;
  /** Channels that no configuration named, and what code says of them: a reload leaves them alone. */
  readonly unnamed: Map<string, ChannelInput>;
  /** Breakers that several channels share, by name. */
  readonly breakers: Map<string, Breaker>;
  readonly alerts: Alerts;
  /** Undefined: nothing is recorded. */
  readonly recorder: FlightRecorder | undefined;
  /** The counts of channels that were taken out. */
  removed: Ledger;
}

/** Puts a router together; nothing runs yet. */
export function buildCore({ options, config, unnamed, instances }: Plan): Core {
  const bus = new Bus(options.events);
  const clock = options.clock ?? createSystemClock();
  const logger = options.logger === undefined ? silentLogger : containLogger(options.logger, bus);
  if (options.logger !== undefined) logFacts(bus, logger);
  // Before the alerts: a fact stands in the record before the alert that it raises.
  const recorder = options.recorder && new FlightRecorder(options.recorder, bus, clock);
  const deadLetters = new DeadLetters(config.router.deadLetters.capacity);
  const world: World = {
    clock,
    random: options.random ?? createRandom(clock.wallTime()),
    bus,
    logger,
    turns: new Turns(clock, config.router),
    keepDeadLetter(channel, reason, message, error, attempts) {
      const letter = deadLetters.add({ channel, reason, message, error, attempts, at: clock.wallTime() });
      bus.publish('message.deadLettered', letter);
    },
  };
  const ruleFailed = (error: unknown): void => bus.fault('rule', error);
  const recognition = new Recognition({ ...(options.recognise && { rules: options.recognise }), ruleFailed });
  const fleet = new Fleet(world, config.router);
  const core: Core = {
    config,
    world,
    deadLetters,
    fleet,
    intake: recorder?.keepsMessages
      ? new RecordingIntake(recognition, world, recorder)
      : new Intake(recognition, world),
    factories: new Map(Object.entries(options.channels)),
    unnamed,
    breakers: new Map(),
    removed: addLedgers([]),
    recorder,
    alerts: new Alerts(world, fleet.channels),
  };
  for (const name of Object.keys(config.channels)) core.fleet.add(makeChannel(core, name, instances.get(name)));
  instances.clear();
  return core;
}

/** Makes a channel of the configuration in force, and routes its data type to it; `Fleet.add` starts it. */
export function makeChannel(core: Core, name: string, instance?: AnyChannel, predecessor?: Channel): Channel {
  const config = core.config.channels[name];
  const factory = core.factories.get(name);
  if (config === undefined || factory === undefined) throw new SluiceError('unknown-channel', `no channel '${name}'`);
  const rules = instance === undefined ? predecessor?.parts.rules : rulesOf(instance);
  const breaker = breakerFor(core, config, predecessor);
  const channel = new Channel({ config, factory, world: core.world, breaker, instance, rules }, predecessor);
  core.intake.serve(config.dataType, channel);
  return channel;
}

/** Its own, the one it had before a reload, or the one it shares; of a shared one, the limits named last hold. */
function breakerFor(core: Core, { breaker }: ChannelConfig, predecessor: Channel | undefined): Breaker | undefined {
  if (breaker === false) return undefined;
  const before = predecessor?.config.breaker;
  const own = before && before.shared === undefined ? predecessor?.breaker : undefined;
  // The first to share a breaker brings its own.
  const found = core.breakers.get(breaker.shared ?? '') ?? own;
  const made = found ?? new Breaker(breaker, core.world.clock, core.world.random);
  made.limits = breaker;
  if (breaker.shared !== undefined) core.breakers.set(breaker.shared, made);
  return made;
}

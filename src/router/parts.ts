import { createSystemClock } from '../adapters/system-clock.ts';
import type { AnyChannel } from '../channel/processing-channel.ts';
import type { Services } from '../channel/services.ts';
import { createRandom } from '../core/random.ts';
import { Recognition } from '../core/recognition.ts';
import { Scheduler } from '../core/scheduler.ts';
import { Bus } from '../facts/bus.ts';
import { DeadLetters } from '../facts/dead-letters.ts';
import { containLogger, logFacts, silentLogger } from '../facts/logging.ts';
import { FlightRecorder } from '../recorder/flight-recorder.ts';
import { Alerts } from '../report/alerts.ts';
import { beginReport, type ChannelReport } from '../report/drain-report.ts';
import type { RouterView } from '../report/metrics.ts';
import type { ChannelEntry } from './channel-entry.ts';
import { Definitions, type Plan } from './definitions.ts';
import { Fleet } from './fleet.ts';
import { Intake } from './intake.ts';

/** The parts of one router. */
export interface RouterParts {
  readonly services: Services;
  readonly definitions: Definitions;
  readonly fleet: Fleet;
  readonly intake: Intake;
  readonly deadLetters: DeadLetters;
  readonly alerts: Alerts;
  /** Undefined: nothing is recorded. */
  readonly recorder: FlightRecorder | undefined;
}

/** Puts a router together; nothing runs yet. */
export function buildParts(plan: Plan): RouterParts {
  const { options, config, instances } = plan;
  const clock = options.clock ?? createSystemClock();
  const bus = new Bus(clock, options.events);
  const logger = options.logger === undefined ? silentLogger : containLogger(options.logger, bus);
  if (options.logger !== undefined) logFacts(bus, logger);
  // Before the alerts: a fact stands in the record before the alert that it raises.
  const recorder = options.recorder && new FlightRecorder(options.recorder, bus, clock);
  const deadLetters = new DeadLetters(config.router.deadLetters.capacity);
  const services: Services = {
    clock,
    random: options.random ?? createRandom(clock.wallTime()),
    bus,
    logger,
    scheduler: new Scheduler(clock, config.router),
    keepDeadLetter(channel, reason, message, error, attempts) {
      const letter = deadLetters.add({ channel, reason, message, error, attempts, at: clock.wallTime() });
      bus.publish('message.deadLettered', letter);
    },
  };
  const recognition = new Recognition(options.recognize, (error) => bus.fault('rule', error));
  const definitions = new Definitions(plan, services);
  const fleet = new Fleet(services, definitions);
  const intake = new Intake(recognition, services, recorder);
  const alerts = new Alerts(services, fleet.channels);
  const parts = { services, definitions, fleet, intake, deadLetters, alerts, recorder };
  for (const name of Object.keys(config.channels)) addChannel(parts, name, instances.get(name));
  instances.clear();
  return parts;
}

/** What reports read. */
export function viewOf({ deadLetters, fleet, intake, services }: RouterParts): RouterView {
  const { channels, takenOut } = fleet;
  return {
    channels,
    removed: takenOut.ledger,
    unroutable: intake.unroutable,
    deadLetters,
    faults: services.bus.faults,
  };
}

/**
 * Makes a channel of the configuration in force: from now on messages of its data type are routed to it, and once the
 * router has started, it starts at once. It takes over what a reload left of a channel of its name.
 */
export function addChannel(parts: RouterParts, name: string, instance: AnyChannel | undefined): void {
  const { definitions, fleet, intake } = parts;
  const before = fleet.takenOut.takeBack(name);
  const channel = definitions.make(name, instance, before);
  intake.serve(channel.config.dataType, channel);
  if (before !== undefined) channel.takeOver(before);
  fleet.add(channel);
}

/**
 * Takes a channel out: nothing is routed to it any more, it drains, and its counts are kept. Resolves with its report; a
 * second order waits for the same one. `isByHand`: the report goes to an operator, so that of `stop` leaves it out.
 * Part of a change: nobody may hear of it before the channel knows that it is being removed.
 */
export function removeChannel(
  { definitions, fleet, intake, services }: RouterParts,
  channel: ChannelEntry,
  drainAt: number,
  isByHand: boolean,
): Promise<ChannelReport> {
  return channel.remove(isByHand, async () => {
    const finish = beginReport([channel]);
    if (intake.registry.get(channel.config.dataType) === channel) intake.serve(channel.config.dataType, undefined);
    await fleet.remove(channel, drainAt);
    services.bus.changes.during(() => {
      channel.dispose();
      definitions.remove(channel.name);
      fleet.removed(channel);
    });
    // The report has an entry for each channel it was begun with.
    return finish()[channel.name] as ChannelReport;
  });
}

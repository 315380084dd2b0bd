import { createSystemClock } from '../adapters/system-clock.ts';
import type { AnyChannel } from '../channel/processing-channel.ts';
import type { Services } from '../channel/services.ts';
import { createPatientTimers } from '../core/patient-timers.ts';
import { createRandom } from '../core/random.ts';
import { Recognition } from '../core/recognition.ts';
import { Scheduler } from '../core/scheduler.ts';
import { Bus } from '../facts/bus.ts';
import { DeadLetters } from '../facts/dead-letters.ts';
import { Ending } from '../facts/ending.ts';
import { containLogger, logFacts, silentLogger } from '../facts/logging.ts';
import { FlightRecorder } from '../recorder/flight-recorder.ts';
import { Alerts } from '../report/alerts.ts';
import { beginReport, type ChannelReport } from '../report/drain-report.ts';
import type { RouterView } from '../report/metrics.ts';
import type { ChannelEntry } from './channel-entry.ts';
import { Definitions, type Plan, rulesIn } from './definitions.ts';
import { Fleet } from './fleet.ts';
import { Intake, RecordedIntake } from './intake.ts';

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
  const ending = new Ending();
  if (options.logger !== undefined) logFacts(bus, logger, clock, ending);
  // Before the alerts: a fact stands in the record before the alert that it raises.
  const recorder = options.recorder && new FlightRecorder(options.recorder, bus, clock, ending);
  const deadLetters = new DeadLetters(config.router.deadLetters);
  const services: Services = {
    clock,
    timers: createPatientTimers(clock, clock),
    random: options.random ?? createRandom(clock.wallTime()),
    bus,
    logger,
    ending,
    scheduler: new Scheduler(clock, config.router),
    keepDeadLetter(channel, reason, message, error, attempts) {
      const letter = deadLetters.add({ channel, reason, message, error, attempts, at: clock.wallTime() });
      if (letter !== undefined) bus.publish('message.deadLettered', letter);
    },
  };
  const recognition = new Recognition(rulesIn(options), (error) => bus.fault('rule', error));
  const definitions = new Definitions(plan, services);
  const fleet = new Fleet(services, definitions);
  const intake =
    recorder?.keepsMessages === true
      ? new RecordedIntake(recognition, services, recorder)
      : new Intake(recognition, services);
  intake.tellApart(config.router.recognize);
  intake.ignore(config.router.recognize.ignore);
  const alerts = new Alerts(services, fleet.channels, intake, deadLetters);
  const parts = { services, definitions, fleet, intake, deadLetters, alerts, recorder };
  for (const name of Object.keys(config.channels)) addChannel(parts, name, instances.get(name));
  instances.clear();
  return parts;
}

/** What reports read. */
export function viewOf({ deadLetters, fleet, intake, services }: RouterParts): RouterView {
  const { channels, takenOut } = fleet;
  const { ignored, unroutable } = intake;
  const { faults } = services.bus;
  return { channels, removed: takenOut.ledger, unroutable, ignored, deadLetters, faults };
}

/** Why the router takes nothing in, in words; undefined: it does. */
export function whyNotRunning({ fleet }: RouterParts): string | undefined {
  if (fleet.isStopping) return 'was stopped';
  return fleet.isLaunched ? undefined : 'was not started';
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

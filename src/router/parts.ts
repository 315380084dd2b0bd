import { createSystemClock } from '../adapters/system-clock.ts';
import type { AnyChannel } from '../channel/processing-channel.ts';
import type { Services } from '../channel/services.ts';
import { whenRefused } from '../channel/waiting-offers.ts';
import type { Clock } from '../core/clock.ts';
import { createPatientTimers } from '../core/patient-timers.ts';
import { createRandom } from '../core/random.ts';
import { Recognition } from '../core/recognition.ts';
import { Scheduler } from '../core/scheduler.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { Bus } from '../facts/bus.ts';
import { DeadLetters, isRefusal } from '../facts/dead-letters.ts';
import { Ending } from '../facts/ending.ts';
import { containLogger, type Logger, limitedWarning, logFacts, silentLogger } from '../facts/logging.ts';
import { StoredLetters } from '../facts/stored-letters.ts';
import { FlightRecorder } from '../recorder/flight-recorder.ts';
import { Alerts } from '../report/alerts.ts';
import { beginReport, type ChannelReport } from '../report/drain-report.ts';
import { FeedAlerts } from '../report/feed-alerts.ts';
import type { RouterView } from '../report/metrics.ts';
import { RaisedAlerts } from '../report/raised-alerts.ts';
import { watchSources } from '../report/source-alerts.ts';
import type { SourceDoor } from '../source/source-door.ts';
import { ChannelEntry } from './channel-entry.ts';
import { Definitions, type Plan } from './definitions.ts';
import { Destinations } from './destinations.ts';
import { Feeds } from './feeds.ts';
import { Fleet } from './fleet.ts';
import { Intake } from './intake.ts';
import { RecordedIntake } from './recorded-intake.ts';
import { Sources } from './sources.ts';

/** The parts of one router. */
export interface RouterParts {
  readonly services: Services;
  readonly definitions: Definitions;
  readonly fleet: Fleet;
  readonly sources: Sources;
  readonly destinations: Destinations;
  readonly feeds: Feeds;
  readonly intake: Intake;
  /** In memory: all, or only those of messages that were refused and belong to whoever routed them. */
  readonly deadLetters: DeadLetters;
  /** In a store of the host; undefined: there is none. */
  readonly stored: StoredLetters | undefined;
  /** What is wrong now. */
  readonly raised: RaisedAlerts;
  readonly alerts: Alerts;
  readonly feedAlerts: FeedAlerts;
  /** Logs that a stream into the router failed. */
  readonly streamFailed: (error: unknown) => void;
  /** Undefined: nothing is recorded. */
  readonly recorder: FlightRecorder | undefined;
}

/** Memory makes room by letting the oldest go. */
const MEMORY_ROOM = { hasRoom: true, trouble: undefined } as const;

/** Puts a router together; nothing runs yet. */
export function buildParts(plan: Plan): RouterParts {
  const { options, config, instances, rules, store } = plan;
  const clock = options.clock ?? createSystemClock();
  const bus = new Bus(clock, options.events);
  const logger = options.logger === undefined ? silentLogger : containLogger(options.logger, bus);
  const ending = new Ending();
  if (options.logger !== undefined) logFacts(bus, logger, clock, ending);
  const recorder = options.recorder && new FlightRecorder(options.recorder, bus, clock, ending);
  const timers = createPatientTimers(clock, clock);
  const random = options.random ?? createRandom(clock.wallTime());
  const deadLetters = new DeadLetters(config.router.deadLetters);
  const stored =
    store && new StoredLetters({ store, clock, timers, random, bus }, (trouble) => void alerts.lettersHeld(trouble));
  ending.listen(() => stored?.routerEnded());
  const services: Services = {
    ...{ clock, timers, random, bus, logger, ending },
    scheduler: new Scheduler(clock, config.router),
    letterRoom: stored?.queue ?? MEMORY_ROOM,
    keepDeadLetter(channel, reason, message, error, attempts, origin, key) {
      const fields = { channel, reason, message, error, attempts, at: clock.wallTime() };
      // A refused message that nobody brings again belongs to its caller; its letter is a sample.
      if (stored !== undefined && (origin !== undefined || !isRefusal(reason)))
        return stored.keep(key === undefined ? fields : { ...fields, key }, origin);
      const letter = deadLetters.add(fields, key);
      // One that is only counted is as good as kept in memory: neither lasts.
      origin?.settled('dead-lettered', letter ?? { channel, reason, error });
      if (letter !== undefined) bus.publish('message.deadLettered', letter);
    },
  };
  const definitions = new Definitions(plan, services);
  const destinations = new Destinations(new Recognition(rules, (error) => bus.fault('rule', error)));
  const overflowed = planRepairs(clock, () => fleet.supervisor.breakOff());
  const intake =
    recorder?.keepsMessages === true
      ? new RecordedIntake(destinations, services, overflowed, recorder)
      : new Intake(destinations, services, overflowed);
  destinations.tellApart(config.router.recognize);
  intake.ignore(config.router.recognize.ignore);
  const door = doorOf(intake, destinations, services, stored !== undefined, () => fleet.returnEnded());
  const sources = new Sources(plan.sources, services, door);
  const feeds = new Feeds(bus);
  const fleet = new Fleet(services, definitions, sources, feeds);
  const raised = new RaisedAlerts(services);
  const alerts = new Alerts(services, raised, fleet.channels, intake, deadLetters);
  watchSources(services, raised, sources.all, fleet.channels);
  const feedAlerts = new FeedAlerts(services, raised, feeds.all);
  const planes = { services, definitions, fleet, sources, feeds, destinations, intake, deadLetters, stored };
  const streamFailed = limitedWarning(logger, clock, ending, 'a stream into the router failed');
  const parts = { ...planes, raised, alerts, feedAlerts, streamFailed, recorder };
  for (const name of Object.keys(config.channels)) addChannel(parts, name, instances.get(name));
  instances.clear();
  warnOfDrops(plan, logger);
  return parts;
}

function warnOfDrops({ config, sources }: Plan, logger: Logger): void {
  const settled = 'what this channel drops of the source counts as settled: it never comes again';
  for (const { name: source, dataType } of sources)
    for (const [channel, { dataType: own, overflow }] of Object.entries(config.channels))
      if (overflow.startsWith('drop') && (dataType ?? own) === own) logger.warn({ source, channel, overflow }, settled);
}

/** The door of the router as its sources see it. */
function doorOf(
  intake: Intake,
  destinations: Destinations,
  { keepDeadLetter, scheduler }: Services,
  keepsLetters: boolean,
  stayEnded: () => void,
): SourceDoor {
  return {
    keepsLetters,
    stayEnded,
    takePlain: (messages, from, dataType, origin) => intake.takePlain(messages, from, dataType, origin, keepsLetters),
    offer: (message, options, origin) => intake.offer(message, options, origin),
    condemn(message, reason, error, origin) {
      const found = reason === 'crashed' ? destinations.channelOf(message) : undefined;
      keepDeadLetter(found instanceof ChannelEntry ? found.name : null, reason, message, error, 0, origin);
    },
    pause: () => scheduler.pause(),
  };
}

/** What reports read. */
export function viewOf(parts: RouterParts): RouterView {
  const { deadLetters, feeds, fleet, intake, raised, services, sources, stored } = parts;
  const { channels, takenOut } = fleet;
  const { ignored, unroutable } = intake;
  const { bus, clock } = services;
  const counts = { removed: takenOut.ledger, unroutable, ignored, deadLetters, stored, faults: bus.faults };
  const trouble = raised.troubleOf.bind(raised);
  const times = { now: clock.now(), wallTime: clock.wallTime() };
  return { channels, sources: sources.all, feeds: feeds.all, trouble, ...times, ...counts };
}

/** Why the router takes nothing in, in words; undefined: it does. */
export function whyNotRunning({ fleet: { supervisor } }: RouterParts): string | undefined {
  if (supervisor.isStopping) return 'was stopped';
  return supervisor.isLaunched ? undefined : 'was not started';
}

/**
 * Makes a channel of the configuration in force: from now on messages of its data type are routed to it, and once the
 * router has started, it starts at once. It takes over what a reload left of a channel of its name.
 */
export function addChannel(parts: RouterParts, name: string, instance: AnyChannel | undefined): void {
  const { definitions, destinations, fleet } = parts;
  const before = fleet.takenOut.takeBack(name);
  const channel = definitions.make(name, instance, before);
  destinations.serve(channel);
  if (before !== undefined) channel.takeOver(before);
  fleet.add(channel);
}

/** An operator takes a channel out and gets its report. Once the router is stopped, that of `stop` has its messages. */
export async function removeByHand(parts: RouterParts, channel: ChannelEntry, drainAt: number): Promise<ChannelReport> {
  const text = `remove: the router was stopped, and '${channel.name}' is in the report of that`;
  if (parts.fleet.supervisor.isStopping && !channel.isRemovedByHand) throw new SluiceError('not-running', text);
  return removeChannel(parts, channel, drainAt, true);
}

/**
 * Takes a channel out: nothing is routed to it any more, it drains, and its counts are kept. Resolves with its report; a
 * second order waits for the same one. `isByHand`: the report goes to an operator, so that of `stop` leaves it out.
 * Part of a change: nobody may hear of it before the channel knows that it is being removed.
 */
export function removeChannel(
  { definitions, destinations, fleet, services }: RouterParts,
  channel: ChannelEntry,
  drainAt: number,
  isByHand: boolean,
): Promise<ChannelReport> {
  return channel.remove(isByHand, async () => {
    const finish = beginReport([channel]);
    destinations.withdraw(channel);
    await fleet.remove(channel, drainAt);
    await whenRefused([channel], services.clock);
    services.bus.changes.during(() => {
      channel.breaker?.leave(channel);
      definitions.remove(channel.name);
      fleet.removed(channel);
    });
    // The report has an entry for each channel it was begun with.
    return finish()[channel.name] as ChannelReport;
  });
}

/**
 * Plans a repair after a stack overflow broke off whatever ran: on an empty stack, `repair` fails what is half done.
 * Returns a native function, which takes no frame: where the stack is used up, one of ours would overflow, too, and
 * nothing would be planned.
 */
function planRepairs(clock: Clock, repair: () => void): () => void {
  let isPlanned = false;
  const plan = (): void => {
    if (isPlanned) return;
    clock.setImmediate(() => {
      isPlanned = false;
      repair();
    });
    isPlanned = true;
  };
  return Promise.prototype.then.bind(Promise.resolve(), plan);
}

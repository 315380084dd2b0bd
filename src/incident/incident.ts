import { nextTurn, writeIncident } from '../adapters/incident-file.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Core } from '../router/core.ts';
import type { RouterOptions } from '../router/plan.ts';
import type { DataChannelRouter } from '../router/router.ts';
import { CalmWatch, countersOf } from './calm.ts';
import { INCIDENT_VERSION, type IncidentEnd, type IncidentHeader, type IncidentStart } from './record.ts';
import { recordFactory, recordRule } from './record-channels.ts';
import { recordRouter } from './record-router.ts';
import { Recorder } from './recorder.ts';
import { linesOf } from './text.ts';

/** How a router keeps what led to an incident. */
export interface RecordIncidentOptions {
  /** How many records are kept, from 100 to 1,000,000: each message that comes in makes three or four. */
  readonly last: number;
  /** Where files are written; it is made when it is not there. */
  readonly directory: string;
  /** How many files alerts and crashes may write in the life of the router, default 10; `writeIncident` always may. */
  readonly filesMax?: number;
}

const LAST_MIN = 100;
const LAST_MAX = 1_000_000;
const FILES_MAX = 10;
const REASONS_MAX = 20;
/** Why a router is not calm that need not even be looked at. */
const BUSY = 'timers are armed or answers awaited';
/** A ring holds about so many moments to begin at. */
const STARTS_PER_RING = 8;

/** Records one router, and writes what it holds when something happens. */
export class IncidentLog {
  /** The options of the router, with all that comes from outside seen through. */
  readonly routerOptions: RouterOptions;
  /** The clock as it is, for those who only watch. */
  readonly alertClock: Clock;
  readonly #recorder: Recorder;
  readonly #options: RecordIncidentOptions;
  readonly #rules: number;
  #starts: readonly IncidentStart[];
  #obstacle = BUSY;
  #lookFrom = 0;
  #reasons: string[] = [];
  #written: Promise<string> | undefined;
  #filesLeft: number;
  /** An automatic file is due when so many records were made. */
  #dueFrom = 0;

  constructor(options: RecordIncidentOptions, made: RouterOptions) {
    checkOptions(options);
    // Without channels the router refuses to be made, which it says better.
    const { channels = {}, clock = createSystemClock(), random, recognise, config = {} } = made;
    const recorder = new Recorder(options.last);
    this.#options = options;
    this.#recorder = recorder;
    this.#rules = recognise?.length ?? 0;
    this.#filesLeft = options.filesMax ?? FILES_MAX;
    this.#starts = [{ from: 'making', step: 0, config, channels: Object.keys(channels) }];
    this.alertClock = clock;
    this.routerOptions = {
      ...made,
      channels: Object.fromEntries(
        Object.entries(channels).map(([name, factory]) => [name, recordFactory(recorder, name, factory)]),
      ),
      clock: recorder.clock(clock),
      random: recorder.random(random, clock),
      ...(recognise && { recognise: recognise.map((rule, index) => recordRule(recorder, rule, index)) }),
    };
  }

  attach(core: Core, router: DataChannelRouter): void {
    const calm = new CalmWatch(core);
    this.#recorder.beforeEntry = () => this.#lookForStart(core, calm);
    const { bus } = core.world;
    bus.tap('alert.raised', ({ alert, channel }) =>
      this.#ask(core, router, `alert ${alert} of ${channel ?? 'router'}`),
    );
    bus.tap('channel.entered', ({ channel, to, cause }) => {
      if (to === 'failed') this.#ask(core, router, `channel ${channel} failed: ${cause}`);
    });
    recordRouter(this.#recorder, core, router);
    router.writeIncident = (why = 'the host asked for it') => this.#write(core, router, why);
  }

  /** While it is calm, a moment to begin at is noted now and then, so that the ring always holds one if there was one. */
  #lookForStart(core: Core, calm: CalmWatch): void {
    const { ring, timers, unsettled, isAtRest } = this.#recorder;
    if (ring.total < this.#lookFrom || !isAtRest) return;
    if (timers.size + unsettled > 0) {
      this.#obstacle = BUSY;
      return;
    }
    const state = this.#recorder.quietly(() => calm.look());
    if (typeof state === 'string') {
      this.#obstacle = state;
      this.#lookFrom = ring.total + Math.ceil(this.#options.last / STARTS_PER_RING / STARTS_PER_RING);
      return;
    }
    const start: IncidentStart = {
      from: 'calm',
      step: ring.total,
      config: core.config,
      calm: {
        ...state,
        at: this.alertClock.now(),
        has: Object.fromEntries(this.#recorder.has),
      },
    };
    this.#starts = [...this.#starts, start].filter(({ step }) => step >= ring.first);
    this.#lookFrom = ring.total + Math.ceil(this.#options.last / STARTS_PER_RING);
  }

  /** Something happened. As long as half of the ring is in a file already, another one would tell the same. */
  #ask(core: Core, router: DataChannelRouter, why: string): void {
    const { total } = this.#recorder.ring;
    const isDue = this.#filesLeft > 0 && total >= this.#dueFrom;
    if (!isDue && this.#written === undefined) return;
    if (isDue) {
      this.#filesLeft -= 1;
      this.#dueFrom = total + Math.ceil(this.#options.last / 2);
    }
    const { logger } = core.world;
    this.#write(core, router, why).then(
      (file) => isDue && logger.warn({ file, why }, 'incident written'),
      (error: unknown) => isDue && logger.error({ error, why }, 'incident could not be written'),
    );
  }

  /** In a later turn, when all that follows from the reason is in the ring; whoever asks meanwhile gets the same file. */
  #write(core: Core, router: DataChannelRouter, why: string): Promise<string> {
    if (this.#reasons.length < REASONS_MAX) this.#reasons.push(why);
    this.#written ??= nextTurn().then(() => {
      this.#written = undefined;
      const reasons = this.#reasons;
      this.#reasons = [];
      const at = new Date(this.alertClock.wallTime());
      return writeIncident(this.#options.directory, at, this.#lines(core, router, reasons, at));
    });
    return this.#written;
  }

  /** What there is now; it becomes text piece by piece, while the router goes on. */
  #lines(core: Core, router: DataChannelRouter, why: readonly string[], at: Date): Iterable<string> {
    const { ring } = this.#recorder;
    const members = [...core.fleet.channels.values()].flatMap((channel) => channel.members);
    const header: IncidentHeader = {
      sluice: 'incident',
      version: INCIDENT_VERSION,
      writtenAt: at.toISOString(),
      why,
      first: ring.first,
      rules: this.#rules,
      ...this.#startOrObstacle(core),
    };
    const end: IncidentEnd = {
      is: 'end',
      step: ring.total,
      state: router.state,
      unroutable: core.intake.unroutable,
      slots: Object.fromEntries(members.map(({ slot, state }) => [slot.id, { state, counters: countersOf(slot) }])),
    };
    return linesOf(header, ring.all(), end);
  }

  #startOrObstacle({ config }: Core): { start: IncidentStart } | { start: null; obstacle: string } {
    const keyed = Object.values(config.channels).find(({ partitionBy }) => typeof partitionBy === 'function');
    const start = this.#starts.find(({ step }) => step >= this.#recorder.ring.first);
    if (keyed !== undefined) {
      const obstacle = `channel ${keyed.name} is partitioned by a function, which cannot be written down`;
      return { start: null, obstacle };
    }
    if (start !== undefined) return { start };
    const held = `the ring of ${this.#options.last} records holds neither the start of the router nor a calm moment`;
    return { start: null, obstacle: `${held}: ${this.#obstacle}` };
  }
}

function checkOptions({ last, directory, filesMax = FILES_MAX }: RecordIncidentOptions): void {
  const wrong = (text: string): SluiceError => new SluiceError('invalid-option', `recordIncident.${text}`);
  if (!Number.isInteger(last) || last < LAST_MIN || last > LAST_MAX)
    throw wrong(`last must be a whole number from ${LAST_MIN} to ${LAST_MAX}, got ${String(last)}`);
  if (typeof directory !== 'string' || directory === '')
    throw wrong(`directory must name a directory, got ${JSON.stringify(directory)}`);
  if (!Number.isInteger(filesMax) || filesMax < 0)
    throw wrong(`filesMax must be a whole number from 0, got ${String(filesMax)}`);
}

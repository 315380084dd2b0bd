import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { createSystemClock } from '../adapters/system-clock.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import { isRefusal } from '../facts/dead-letters.ts';
import { type Logger, silentLogger } from '../facts/logging.ts';
import type { ChannelReport } from '../report/drain-report.ts';
import { type DataChannelRouter, partsOf } from '../router/router.ts';
import { LiveStream } from './live-stream.ts';
import { Operator, parseOrder } from './operator.ts';
import { loadPage } from './page-files.ts';
import type { Letters } from './protocol.ts';
import { type Answer, type Routes, serve } from './server.ts';
import { toText } from './text.ts';
import { isPort, type MetricsThreadOptions, serviceOf, startMetricsThread } from './thread.ts';
import type { Service } from './thread-link.ts';
import { TimeLine } from './time-line.ts';

/** How long a closing page may take to read what was written to it, in ms. */
const CLOSE_MS = 200;
const NOTHING = { status: 404, text: 'there is no such page' } as const;

/** How a router is shown. */
export interface InspectorOptions {
  /** The port on 127.0.0.1. Default 0: any free port. */
  readonly port?: number;
  /** Lets the page pause, resume, flush, trip, reset and restart channels, and replay dead letters. Default false. */
  readonly allowControl?: boolean;
  /** Receives the report of a channel that was drained from the page. Default: none, and the page cannot drain. */
  readonly onDrained?: (channel: string, report: ChannelReport) => void;
  /** Shows the messages of dead letters, up to 2,000 characters of each. Default false. */
  readonly showPayloads?: boolean;
  /**
   * Serves `/metrics` and `/health` from a thread that answers even while the main thread is stuck; the options say where
   * and to whom. Default false.
   */
  readonly thread?: boolean | MetricsThreadOptions;
  /** Logs the commands of the page, and once that a server fails. Default: none; the time line shows commands anyway. */
  readonly logger?: Logger;
  /** Default: the system clock. */
  readonly clock?: Clock;
}

const inspectorOptions: OptionNames<InspectorOptions> = {
  port: true,
  allowControl: true,
  onDrained: true,
  showPayloads: true,
  thread: true,
  logger: true,
  clock: true,
};

/** A page that shows a router while it runs. */
export interface Inspector extends AsyncDisposable {
  /** The address of the page. It contains the token: everyone who knows the address can open the page. */
  readonly url: string;
  /** The addresses that the thread serves, with the token; null without `thread`. */
  readonly metricsUrl: string | null;
  readonly healthUrl: string | null;
  /** Number of open pages. */
  readonly watchers: number;
  /** Closes the page and detaches from the router; a second call does nothing. Also happens when the router ends. */
  close(): Promise<void>;
}

/**
 * Shows a router on a page at 127.0.0.1 until the router stops. Rejects with `SluiceError` `invalid-option` if the port
 * is taken or the page was not built, `not-running` if the router has ended.
 */
export async function createInspector<Emits>(
  router: DataChannelRouter<Emits>,
  options: InspectorOptions = {},
): Promise<Inspector> {
  checkOptions('createInspector', options, inspectorOptions);
  const { port = 0, clock = createSystemClock() } = options;
  if (!isPort(port)) throw invalidOption(`port must be a whole number from 0 to 65535, got ${String(port)}`);
  const token = randomBytes(24).toString('base64url');
  const { thread: wanted = false } = options;
  const service = wanted === false ? undefined : serviceOf(wanted === true ? {} : wanted, token);
  // What the channels emit is not looked at.
  const inspected = router as unknown as DataChannelRouter;
  // Refuses what is no router of this copy of sluice.
  partsOf(inspected);
  const page = loadPage();
  const timeLine = new TimeLine(inspected.events, clock);
  const { allowControl = false, showPayloads = false, onDrained, logger = silentLogger } = options;
  const operator = new Operator(inspected, timeLine, { logger, onDrained });
  const operations = allowControl ? operator.operations : [];
  const stream = new LiveStream(inspected, timeLine, clock, { operations, showPayloads });
  const routes = routesOf(inspected, page, stream, operator, { allowControl, showPayloads });
  let isTold = false;
  const failed = (err: unknown): void => {
    // Once, because a computer without free file descriptors fails at each connection.
    if (!isTold) logger.warn({ err }, 'a server of the inspector fails; the router goes on');
    isTold = true;
  };
  const started = await start(inspected, port, token, routes, service, failed).catch((error: unknown) => {
    timeLine.dispose();
    throw error;
  });
  const { server, thread } = started;
  const close = once(async () => {
    subscription?.unsubscribe();
    unlisten();
    operator.close();
    stream.close();
    timeLine.dispose();
    await Promise.all([thread?.stop(), closeServer(server, clock)]);
  });
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
    void close();
  };
  const { fleet, services } = partsOf(inspected);
  // The actor of a router that was never started does not end.
  const unlisten = services.ending.listen(() => !fleet.supervisor.isLaunched && end());
  // An actor that has ended says so while it is subscribed to.
  let subscription: { unsubscribe(): void } | undefined;
  subscription = inspected.actor.subscribe({ complete: end, error: end });
  if (hasEnded || services.ending.isOver) {
    await close();
    throw new SluiceError('not-running', 'createInspector: the router has ended, and its inspector ends with it');
  }
  return {
    url: `http://127.0.0.1:${started.port}/${token}/`,
    metricsUrl: thread?.metricsUrl ?? null,
    healthUrl: thread?.healthUrl ?? null,
    get watchers() {
      return stream.watchers;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function routesOf(
  router: DataChannelRouter,
  page: ReturnType<typeof loadPage>,
  stream: LiveStream,
  operator: Operator,
  { allowControl, showPayloads }: { readonly allowControl: boolean; readonly showPayloads: boolean },
): Routes {
  return {
    get(path, query) {
      if (path === 'live') return stream.answer();
      if (path === 'subscriptions') return json(router.feeds.views.get(query.get('feed') ?? '')?.subscriptions ?? {});
      if (path !== 'dead-letters') return page.get(path) ?? NOTHING;
      return listLetters(router, query.get('channel') || null, showPayloads).then(json);
    },
    post(path, body): Answer {
      if (path !== 'operate') return NOTHING;
      if (!allowControl) return { status: 403, text: 'commands are off: createInspector needs allowControl: true' };
      operator.carryOut(parseOrder(body));
      return json({});
    },
  };
}

function json(value: object): Answer {
  return { type: 'application/json; charset=utf-8', content: JSON.stringify(value) };
}

async function start(
  router: DataChannelRouter,
  port: number,
  token: string,
  routes: Routes,
  service: Service | undefined,
  failed: (error: unknown) => void,
) {
  const served = await serve(port, token, routes, failed);
  const thread = service && startMetricsThread(router, service, failed);
  thread?.catch(() => served.server.close());
  return { ...served, thread: await thread };
}

/** The streams have ended. Closing does not wait for a page that does not read. */
function closeServer(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => server.closeAllConnections(), CLOSE_MS);
    server.close(() => {
      clock.clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

const LETTERS_MAX = 100;
const HIDDEN = 'not shown: it may quote the message';

/** The newest dead letters of a channel, or with null those of no channel, newest first; messages only if wanted. */
async function listLetters(router: DataChannelRouter, channel: string | null, showPayloads: boolean): Promise<Letters> {
  const all = await router.deadLetters.list({ channel, limit: LETTERS_MAX + 1, newest: true });
  const letters = all.slice(-LETTERS_MAX).reverse();
  return {
    hasMore: all.length > letters.length,
    letters: letters.map(({ message, error, ...letter }) => ({
      ...letter,
      // What is said against a message at the door may quote it.
      error: showPayloads || !isRefusal(letter.reason) ? toText(error) : HIDDEN,
      ...(showPayloads && { message: toText(message) }),
    })),
  };
}

import { existsSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { buildPage } from '../../config/build-page.ts';
import { createRouter, type DataChannelRouter, defineChannel } from '../../src/index.ts';
import { createInspector, type Inspector, type InspectorOptions } from '../../src/inspector/index.ts';
import { messages, type TestMessage } from '../../src/testing/index.ts';
import { projectRoot } from '../support/project-files.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
/** Without a browser these tests prove nothing: fine on a stranger's machine, a failure where the gate decides. */
export const isWithoutBrowser = CHROMIUM === undefined && process.env.CI === undefined;
export const browserNote = isWithoutBrowser ? ' (SKIPPED: there is no Chromium in /usr/bin)' : '';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchBrowser(): Promise<Browser> {
  await buildPage(projectRoot);
  if (CHROMIUM === undefined) throw new Error('no Chromium in /usr/bin: apt-get install -y chromium');
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** A page in a browser of its own, which goes when the running test is over. */
export async function openPage(width: number, height: number): Promise<Page> {
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  return browser.newPage({ viewport: { width, height } });
}

/** A router with a page, and the sinks behind it. */
export class World {
  readonly down = new Set<string>();
  readonly poison = new Set<number>();
  delivered = 0;
  readonly router: DataChannelRouter;
  readonly logged: string[] = [];
  inspector!: Inspector;

  constructor() {
    const breaker = { minimumCalls: 2, coolDownMs: 60_000, coolDownMsMax: 60_000 };
    const retry = { attempts: 2, delayMs: 5, delayMsMax: 10 };
    const common = { breaker, retry, batchSize: 20, timeoutMs: 20 };
    this.router = createRouter({
      config: {
        channels: { tick: common, ohlcv: { ...common, eventRules: { apiToken: 's3cret', limit: 7 } }, fmv: common },
      },
      channels: { tick: this.#sinkOf('tick'), ohlcv: this.#sinkOf('ohlcv'), fmv: this.#sinkOf('fmv') },
    });
  }

  /** Delivers to a sink that a test can break. */
  #sinkOf(name: string) {
    const refused = Object.assign(new Error('price is not a number'), { retryable: false });
    return defineChannel<TestMessage>({
      process: async (batch, context) => {
        if (this.down.has(name)) throw new Error('connection refused');
        for (const [index, { n }] of batch.entries()) if (this.poison.has(n)) context.fail(index, refused);
        this.delivered += batch.length;
      },
    });
  }

  static async start(options: InspectorOptions = {}): Promise<World> {
    const world = new World();
    await world.router.start();
    const note = (fields: object, message: string): void => {
      world.logged.push(`${message} ${JSON.stringify(fields)}`);
    };
    const logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
    world.inspector = await createInspector(world.router, { logger, ...options });
    return world;
  }

  /** Routes so many messages to a channel. */
  send(channel: string, count: number, from = 0): void {
    this.router.routeAll(messages(channel, count, from));
  }

  async stop(): Promise<void> {
    this.down.clear();
    await this.router.stop({ deadlineMs: 200 });
    await this.inspector.close();
  }
}

/** What is between the page and the router: it can be cut, and mended. */
export class Wire {
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  port = 0;

  constructor(target: string) {
    this.#target = Number(new URL(target).port);
  }

  async mend(): Promise<void> {
    const server = createServer((socket) => {
      const onward = connect(this.#target, '127.0.0.1');
      for (const end of [socket, onward]) {
        this.#sockets.add(end);
        end.on('close', () => this.#sockets.delete(end)).on('error', () => end.destroy());
      }
      socket.pipe(onward).pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    this.#server = server;
  }

  async cut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) =>
      this.#server === undefined ? resolve() : this.#server.close(() => resolve()),
    );
  }
}

/** What went wrong on a page: errors, refusals of the browser, and requests to elsewhere. */
export function watchPage(page: Page): string[] {
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(`${message.type()}: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).hostname !== '127.0.0.1') wrong.push(`request: ${request.url()}`);
  });
  return wrong;
}

export function card(page: Page, channel: string): ReturnType<Page['locator']> {
  return page.locator(`li[data-channel=${channel}]`);
}

import { createFeed } from '../../../src/feeds/index.ts';
import { type FeedProfile, quotedAfter } from '../../../src/feeds/profile.ts';
import { massive } from '../../../src/feeds/profiles/massive.ts';
import type { SocketListener } from '../../../src/feeds/socket.ts';
import type { Entrant } from '../case.ts';
import { seenBy, verdictOf } from '../check.ts';
import { nextTurn } from '../contestant.ts';
import { lanesAsChannels, loadBuild } from '../contestants/sluice.ts';
import { loadPeer } from '../contestants.ts';
import { type Message, MIX_PERIOD, mixedType } from '../message.ts';
import { ownTime, peakMb } from '../own-process.ts';
import { poolOf, SLICE } from '../supply.ts';
import { asyncProcess, checksOf, lanesOf, WINDOW_MS } from '../workload.ts';

/** Takes the text of one frame. */
type Take = (text: string) => void;

interface Handler {
  readonly take: Take;
  /** It reads nothing for now, as a socket that is paused. */
  isPaused?(): boolean;
  close(): Promise<void>;
}

/** What a service sends: frames of so many messages, or with nine unwanted messages before each, one in a frame. */
export interface Traffic {
  readonly perFrame: number;
  readonly unwanted: number;
}

const LANE = { batchSize: 100, timeoutMs: 100, capacity: 10 * SLICE };
const unwanted = '{"ev":"Q","sym":"S1","bx":4,"bp":114.125,"bs":100,"ax":7,"ap":114.128,"as":160,"q":50}';

/** W9: from the text of frames to delivered; `parse` is JSON.parse of the same frames alone. */
export async function openFrames(contestant: string, traffic: Traffic): Promise<Entrant> {
  const supply = poolOf(MIX_PERIOD, mixedType);
  const messages = Array.from({ length: MIX_PERIOD / SLICE }, () => supply.next()).flat();
  const slices = slicesOf(messages, traffic);
  const checks = checksOf(supply);
  const lanes = lanesOf(checks, asyncProcess, { T: LANE, AM: LANE, FMV: LANE });
  const handler = contestant === 'sluice' ? await openFeed(lanes, traffic) : await openHandler(contestant, lanes);
  const size = messages.length * (1 + traffic.unwanted);
  let given = 0;
  return {
    async measure() {
      const startedAt = ownTime();
      const end = performance.now() + WINDOW_MS;
      let count = 0;
      for (; performance.now() < end; count += size) await giveAll(slices, handler);
      given += (messages.length * count) / size;
      while (contestant !== 'parse' && seenBy(checks) < given) await nextTurn();
      return { 'messages/s': (count / (ownTime() - startedAt)) * 1_000, 'peak MB': peakMb() };
    },
    async finish() {
      await handler.close();
      const verdict = contestant === 'parse' ? undefined : verdictOf(checks, given);
      if (verdict !== undefined) throw new Error(verdict);
    },
  };
}

/** Frames of a slice, then a turn of the event loop, as after what was read of a socket at once. */
async function giveAll(slices: readonly (readonly string[])[], { take, isPaused }: Handler): Promise<void> {
  for (const frames of slices) {
    for (const text of frames) take(text);
    do await nextTurn();
    while (isPaused?.() === true);
  }
}

function slicesOf(
  messages: readonly Message[],
  { perFrame, unwanted: before }: Traffic,
): readonly (readonly string[])[] {
  return Array.from({ length: messages.length / SLICE }, (_, slice) => {
    const own = messages.slice(slice * SLICE, (slice + 1) * SLICE);
    if (before > 0) return own.flatMap((message) => [...Array(before).fill(unwanted), JSON.stringify(message)]);
    return Array.from({ length: SLICE / perFrame }, (_frame, frame) =>
      JSON.stringify(own.slice(frame * perFrame, (frame + 1) * perFrame)),
    );
  });
}

/** What a user writes for the messages of a socket; `parse` stops after the parsing. */
async function openHandler(contestant: string, lanes: ReturnType<typeof lanesOf>): Promise<Handler> {
  if (contestant === 'parse') {
    let sum = 0;
    return { take: (text) => (sum += JSON.parse(text).length ?? 1), close: async () => void sum };
  }
  const intake = await (await loadPeer(contestant === 'route' ? 'sluice' : contestant))(lanes);
  const wanted = new Set<string>(lanes.map(({ type }) => type));
  return {
    take(text) {
      const frame: unknown = JSON.parse(text);
      // Our own frames hold nothing but messages.
      for (const message of (Array.isArray(frame) ? frame : [frame]) as Message[])
        if (wanted.has(message.ev) && !intake.push(message)) throw new Error('there was no room');
    },
    close: () => intake.close(),
  };
}

/** A feed of Massive, whose socket the benchmark plays, in front of a router. */
async function openFeed(lanes: ReturnType<typeof lanesOf>, { unwanted: before }: Traffic): Promise<Handler> {
  const build = await loadBuild(undefined);
  const router = build.createRouter(lanesAsChannels(build, lanes));
  await router.start();
  let listener: SocketListener | undefined;
  let isPaused = false;
  const profile: FeedProfile = { ...massive('stocks'), ...(before > 0 && ignoring) };
  const feed = createFeed({
    ...{ name: 'bench', profile, to: router, subscribe: ['T.*'], credentials: { key: 'k' } },
    open(_url, _options, heard) {
      listener = heard;
      return {
        ...{ send() {}, ping() {}, close() {} },
        pause: () => (isPaused = true),
        resume: () => (isPaused = false),
      };
    },
  });
  feed.start();
  const take: Take = (text) => listener?.text(text, text.length);
  listener?.opened();
  for (const status of ['connected', 'auth_success', 'success']) take(`[{"ev":"status","status":"${status}"}]`);
  return {
    take,
    isPaused: () => isPaused,
    async close() {
      feed.stop();
      await router.stop({ deadlineMs: 1_000 });
    },
  };
}

/** One message a frame, whose type stands first. */
const ignoring: Partial<FeedProfile> = {
  peek: (text) => quotedAfter(text, '{"ev":"'),
  recognize: { field: 'ev', types: { T: 'tick', AM: 'ohlcv', FMV: 'fmv', Q: null } },
};

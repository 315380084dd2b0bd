import type { FeedState } from '../core/supervised-feed.ts';
import type { FeedReading } from '../report/feed-info.ts';
import type { ChannelHealth } from '../report/health.ts';
import { type Measure, ofNamed } from './measure.ts';
import type { Reading } from './reading.ts';

const FEED_STATES: readonly FeedState[] = [
  'new',
  'resting',
  'connecting',
  'authenticating',
  'subscribing',
  'streaming',
  'waiting',
  'failed',
  'stopped',
];

/** The part of a reading about one feed. */
interface ReadFeed extends FeedReading {
  readonly health: ChannelHealth;
}

const ofFeeds = ofNamed('feed', feedsOf);

/** What is measured of feeds. */
export const feedMeasures: readonly Measure[] = [
  ofFeeds(
    'gauge',
    ['feed.state', '', 'The state of the feed.'],
    ({ state }) => FEED_STATES.map((each) => [each, Number(each === state)]),
    'state',
  ),
  ofFeeds('gauge', ['feed.state_age', 's', 'How long the feed has been in its state.'], ({ health }) =>
    one(health.sinceMs / 1_000),
  ),
  ofFeeds('gauge', ['feed.paused', '', '1: its socket is paused because nobody has room.'], ({ isPaused }) =>
    one(Number(isPaused)),
  ),
  ofFeeds('counter', ['feed.messages.received', 'message', 'Messages read from the service.'], (f) => one(f.received)),
  ofFeeds(
    'counter',
    ['feed.messages.settled', 'message', 'Messages that were read, by what became of them.'],
    (f) => [
      ['delivered', f.delivered],
      ['refused', f.refused],
      ['ignored', f.ignored],
      ['dropped', f.dropped],
      ['repeated', f.repeatedDropped],
      ['returned', f.returned],
    ],
    'fate',
  ),
  ofFeeds('counter', ['feed.messages.spilled', 'message', 'Messages that went to the journal for want of room.'], (f) =>
    one(f.spilled),
  ),
  ofFeeds('gauge', ['feed.messages.held', 'message', 'Messages that wait for room.'], (f) => one(f.held)),
  ofFeeds('counter', ['feed.messages.repeated', 'message', 'Messages whose number came before.'], (f) =>
    one(f.repeated),
  ),
  ofFeeds('counter', ['feed.messages.missing', 'message', 'Messages known to be missing in gaps.'], (f) =>
    one(f.gaps.missing),
  ),
  ofFeeds('counter', ['feed.gaps', 'gap', 'Gaps found.'], (f) => one(f.gaps.found)),
  ofFeeds('gauge', ['feed.gaps.open', 'gap', 'Gaps that nobody has closed.'], (f) => one(f.gaps.found - f.gaps.closed)),
  ofFeeds(
    'gauge',
    ['feed.last_message.age', 's', 'How long ago the last message came; absent before the first.'],
    (f) => seconds(f.lastMessageAgeMs),
  ),
  ofFeeds('gauge', ['feed.lag', 's', 'How long after its own time the last message came; absent without one.'], (f) =>
    seconds(f.lagMs),
  ),
  ofFeeds('counter', ['feed.frames', 'frame', 'Frames read.'], (f) => one(f.frames)),
  ofFeeds('counter', ['feed.read', 'By', 'Bytes of frames read.'], (f) => one(f.bytes)),
  ofFeeds('counter', ['feed.control', 'message', 'Messages of the service about the connection.'], (f) =>
    one(f.control),
  ),
  ofFeeds('counter', ['feed.garbage', 'frame', 'Frames, or parts of frames, that are no message.'], (f) =>
    one(f.garbage),
  ),
  ofFeeds('counter', ['feed.connections', 'connection', 'Sockets opened, or tried to.'], (f) => one(f.connections)),
  ofFeeds('counter', ['feed.reconnects', 'connection', 'How often messages could come again.'], (f) =>
    one(f.reconnects),
  ),
  ofFeeds('counter', ['feed.refusals', 'refusal', 'Logins and subscriptions that the service refused.'], (f) =>
    one(f.refusals),
  ),
];

type Values = readonly (readonly [label: string, value: number])[];

function one(value: number): Values {
  return [['', value]];
}

function seconds(ms: number | null): Values {
  return ms === null ? [] : one(ms / 1_000);
}

function feedsOf({ metrics, health }: Reading): readonly (readonly [string, ReadFeed])[] {
  return Object.entries(metrics.feeds).flatMap(([name, each]) => {
    const its = health.feeds[name];
    // Both were read at the same moment.
    return its === undefined ? [] : [[name, { ...each, health: its }] as const];
  });
}

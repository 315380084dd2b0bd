import { FEED_STATES } from '../report/feed-info.ts';
import { type Measure, measuresOf } from './measure.ts';
import { withHealth } from './reading.ts';

const { counter, counterBy, gauge, state } = measuresOf('feed', ({ metrics, health }) =>
  withHealth(metrics.feeds, health.feeds),
);

/** What is measured of feeds. */
export const feedMeasures: readonly Measure[] = [
  state('feed.state', 'The state of the feed.', FEED_STATES, (f) => f.state),
  gauge('feed.state_age', 's', 'How long the feed has been in its state.', (f) => f.health.sinceMs / 1_000),
  gauge('feed.paused', '', '1: its socket is paused because nobody has room.', (f) => Number(f.isPaused)),
  counter('feed.messages.received', 'message', 'Messages read from the service.', (f) => f.received),
  counterBy('fate', 'feed.messages.settled', 'message', 'Messages that were read, by what became of them.', (f) => ({
    delivered: f.delivered,
    refused: f.refused,
    ignored: f.ignored,
    dropped: f.dropped,
    repeated: f.repeatedDropped,
    returned: f.returned,
  })),
  counter('feed.messages.spilled', 'message', 'Messages that went to the journal for want of room.', (f) => f.spilled),
  gauge('feed.messages.held', 'message', 'Messages that wait for room.', (f) => f.held),
  counter('feed.messages.repeated', 'message', 'Messages whose number came before.', (f) => f.repeated),
  counter('feed.messages.missing', 'message', 'Messages known to be missing in gaps.', (f) => f.gaps.missing),
  counter('feed.gaps', 'gap', 'Gaps found.', (f) => f.gaps.found),
  gauge('feed.gaps.open', 'gap', 'Gaps that nobody has closed.', (f) => f.gaps.found - f.gaps.closed),
  gauge('feed.last_message.age', 's', 'How long ago the last message came; absent before the first.', (f) =>
    seconds(f.lastMessageAgeMs),
  ),
  gauge('feed.lag', 's', 'How long after its own time the last message came; absent without one.', (f) =>
    seconds(f.lagMs),
  ),
  counter('feed.frames', 'frame', 'Frames read.', (f) => f.frames),
  counter('feed.read', 'By', 'Bytes of frames read.', (f) => f.bytes),
  counter('feed.control', 'message', 'Messages of the service about the connection.', (f) => f.control),
  counter('feed.garbage', 'frame', 'Frames, or parts of frames, that are no message.', (f) => f.garbage),
  counter('feed.connections', 'connection', 'Sockets opened, or tried to.', (f) => f.connections),
  counter('feed.reconnects', 'connection', 'How often messages could come again.', (f) => f.reconnects),
  counter('feed.refusals', 'refusal', 'Logins and subscriptions that the service refused.', (f) => f.refusals),
];

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1_000;
}

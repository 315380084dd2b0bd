import { expect, it } from 'vitest';
import { type FeedEvent, feedMachine } from '../../machines/feed.ts';
import { longest, type ModelEvent, pathsThrough, placeOf } from '../../src/testing/machine-paths.ts';
import { createTransitionCoverage } from '../../src/testing/transition-coverage.ts';
import { FeedRig, fakeProfile } from '../support/feed-rig.ts';
import { type FeedWorld, feedModel, placeAfter } from './feed.ts';
import { expectAllTaken, gapsInTable, type Ignored } from './table.ts';

const walks = [false, true].flatMap((mustLogIn) =>
  longest(pathsThrough(feedModel(mustLogIn))).map(({ steps }) => ({ steps, mustLogIn })),
);

const connecting = ['active.connecting'];
const authenticating = ['active.authenticating'];
const subscribing = ['active.subscribing'];
const streaming = ['active.streaming.watched'];
const apart = ['resting', 'waiting', 'failed'];
const noSocket = [{ in: apart, because: 'there is no socket' }];

/** Every event of the chart's vocabulary, and where it does nothing. The compiler asks for each of them. */
const ignored = {
  'socket.opened': [
    ...noSocket,
    { in: [...authenticating, ...subscribing, ...streaming], because: 'a service greets and a socket opens once' },
  ],
  'socket.closed': noSocket,
  'limit.reached': noSocket,
  'service.ending': noSocket,
  'login.refused': noSocket,
  'login.accepted': [
    ...noSocket,
    { in: [...connecting, ...subscribing, ...streaming], because: 'nobody logs in; a late answer says nothing new' },
  ],
  'subscription.accepted': [
    ...noSocket,
    { in: [...connecting, ...authenticating], because: 'nothing was asked for' },
    { in: streaming, because: 'messages come already; the subscriptions remember the answer' },
  ],
  'subscription.refused': [
    ...noSocket,
    { in: [...connecting, ...authenticating], because: 'nothing was asked for' },
    { in: streaming, because: 'the others go on; the subscriptions remember the answer, and a fact tells it' },
  ],
  'subscriptions.changed': [
    { in: [...apart, ...connecting, ...authenticating], because: 'subscribing asks for everything that is wanted' },
  ],
  'feed.reconnect': [{ in: ['resting'], because: 'it connects by itself when its hours begin' }],
  'feed.stop': [],
} satisfies Record<FeedEvent['type'], Ignored[string]>;

const ends = Object.fromEntries(
  ['done', 'error'].map((end) => [
    `xstate.${end}.actor.connection`,
    [
      {
        in: [...connecting, ...authenticating, ...subscribing, ...streaming],
        because: 'a callback actor has no end of its own, and a port does not throw',
      },
    ],
  ]),
);

it('every event is handled in every state, forbidden on purpose, or ignored for a reason', () => {
  expect(gapsInTable(feedMachine, Object.keys(ignored), { ...ignored, ...ends })).toEqual([]);
});

/** A real feed with a socket that is played, and the physical cause of everything that its chart can hear of. */
class FeedDriver {
  readonly rig: FeedRig;
  #isWithinHours = false;

  constructor(mustLogIn: boolean, inspect: ConstructorParameters<typeof FeedRig>[1]) {
    const profile = fakeProfile(mustLogIn ? { logIn: () => [{ login: true }] } : {});
    this.rig = new FeedRig({ profile, hours: () => this.#isWithinHours }, inspect);
    this.rig.feed.start();
  }

  async cause({ type, world }: ModelEvent<FeedWorld>): Promise<void> {
    const { rig } = this;
    this.#isWithinHours = world.isWithinHours;
    switch (type.replace(/^xstate\.(after\.\w+)\..*$/, '$1')) {
      case 'socket.opened':
        return rig.socket.listener.opened();
      case 'socket.closed':
        return rig.end();
      case 'limit.reached':
        return rig.answer({ is: 'limited', why: 'too many' });
      case 'service.ending':
        return rig.answer({ is: 'ending', why: 'shutdown' });
      case 'login.accepted':
        return rig.answer({ is: 'logged-in' });
      case 'login.refused':
        return rig.answer({ is: 'login-refused', why: 'who are you' });
      case 'subscription.accepted':
        return rig.answer({ is: 'subscribed' });
      case 'subscription.refused':
        return rig.answer({ is: 'subscription-refused', why: 'no such symbol' });
      case 'subscriptions.changed':
        return rig.feed.subscribe(['B']);
      case 'feed.stop':
        rig.feed.stop();
        return;
      case 'feed.reconnect':
        return rig.feed.reconnect();
      case 'after.connectTimeout':
      case 'after.answerTimeout':
        return rig.clock.advance(10_000);
      case 'after.backoff':
        return rig.clock.advance(rig.feed.view.retryInMs ?? 0);
      case 'after.watch':
        if (!world.isSilent) rig.socket.listener.beat();
        await rig.clock.advance(15_000);
        // A silent service is asked for a sign of life first.
        if (world.isSilent) await rig.clock.advance(15_000);
        return;
      default:
        return rig.clock.advance(60_000);
    }
  }
}

/** What the feed says to the service when it comes into a state. */
const asks: Readonly<Record<string, RegExp>> = {
  'active.authenticating': /^\{"login":true/,
  'active.subscribing': /^\{"subscribe":\["A"/,
};

/** The word for a place that views and facts use. */
function wordOf(place: string): string {
  return place.replace('active.', '').replace('.watched', '');
}

it('a real feed does what its chart says, on every path, and every transition of it is taken', async () => {
  const coverage = createTransitionCoverage(feedMachine);
  for (const { steps, mustLogIn } of walks) {
    const driver = new FeedDriver(mustLogIn, coverage.inspector);
    const walked: string[] = [];
    let from = '';
    for (const { event, state } of steps) {
      walked.push(event.type);
      if (event.type !== 'xstate.init') await driver.cause(event);
      const to = placeOf(state);
      expect(to, walked.join(' → ')).toBe(placeAfter(from, event.type, event.world ?? state.world));
      expect(driver.rig.feed.state, walked.join(' → ')).toBe(wordOf(to));
      if (to !== from) expect(driver.rig.feed.view.cause, walked.join(' → ')).toBe(event.type);
      expect(driver.rig.feed.explain()).toMatch(/^Feed main .+\.$/);
      const asked = to === from ? undefined : asks[to];
      if (asked !== undefined) expect(driver.rig.socket.did.at(-1), walked.join(' → ')).toMatch(asked);
      from = to;
    }
    driver.rig.feed.stop();
    await driver.rig.clock.settle();
    expect(driver.rig.clock.pending, `no timer is left after ${walked.join(' → ')}`).toBe(0);
  }
  expectAllTaken('feed', coverage, walks.length);
});

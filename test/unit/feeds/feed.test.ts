import { describe, expect, it } from 'vitest';
import { type BinaryFormat, createFeed, massive, weekly } from '../../../src/feeds/index.ts';
import { SluiceError } from '../../../src/index.ts';
import { FeedRig, fakeProfile } from '../../support/feed-rig.ts';

const trade = (n: number, sym = 'A') => ({ sym, n });
const trades = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => trade(from + index));
const full = { status: 'rejected', reason: 'mailbox-full' } as const;
const accepted = { status: 'accepted' } as const;

describe('R9.3 gaps', () => {
  it('a jump of the numbers is a gap that says which and how many', () => {
    const rig = new FeedRig().stream();
    rig.say([...trades(1, 3), ...trades(7, 8), trade(1, 'B')]);
    expect(rig.factsOf('feed.gap')).toMatchObject([
      { feed: 'main', reason: 'sequence', of: 'A', from: 4, to: 6, unit: 'sequence', missing: 3 },
    ]);
    expect(rig.metrics).toMatchObject({ received: 6, delivered: 6, gaps: { found: 1, closed: 0, missing: 3 } });
  });

  it('after a reconnect there is a gap of time, and one of numbers where numbers are missing', async () => {
    const rig = new FeedRig().stream();
    rig.say(trades(1, 2));
    const from = rig.clock.wallTime();
    rig.end();
    await rig.clock.advance(1_000);
    rig.resume();
    rig.say(trade(5));
    expect(rig.factsOf('feed.gap')).toMatchObject([
      { reason: 'sequence', from: 3, to: 4, missing: 2 },
      { reason: 'reconnect', of: null, from, to: from + 1_000, unit: 'ms', missing: null },
    ]);
    expect(rig.metrics).toMatchObject({ reconnects: 1, received: 3 });
  });

  it('a connection that ends before a message came leaves no gap', async () => {
    const rig = new FeedRig().stream();
    rig.end();
    await rig.clock.advance(1_000);
    rig.resume().say(trade(5));
    expect(rig.feed.gaps).toEqual([]);
  });

  it('a gap is closed when its backfill has resolved, and stays open when that failed', async () => {
    const asked: number[] = [];
    const backfill = async ({ missing }: { readonly missing: number | null }) => {
      asked.push(missing ?? 0);
      if (missing === 2) throw new Error('gone');
    };
    const rig = new FeedRig({ backfill }).stream();
    rig.say([trade(1), trade(3), trade(6)]);
    await rig.clock.settle();
    expect(asked).toEqual([1, 2]);
    expect(rig.factsOf('feed.gapClosed')).toMatchObject([{ from: 2, to: 2 }]);
    expect(rig.factsOf('feed.backfillFailed')).toMatchObject([{ gap: { from: 4, to: 5 }, error: new Error('gone') }]);
    expect(rig.feed.gaps).toMatchObject([{ id: 2 }]);
    expect([rig.feed.closeGap(2), rig.feed.closeGap(2)]).toEqual([true, false]);
    expect(rig.metrics.gaps).toEqual({ found: 2, closed: 2, missing: 3, late: 0 });
  });

  it('narrows with each of its messages that comes after all, and closes with the last of them', () => {
    const rig = new FeedRig({ repeated: 'drop' }).stream();
    rig.say([trade(1), trade(6)]);
    rig.say([trade(5), trade(2)]);
    expect(rig.feed.gaps).toMatchObject([{ of: 'A', from: 3, to: 4, missing: 2 }]);
    rig.say([trade(3), trade(3), trade(4, 'B'), trade(1)]);
    expect(rig.feed.gaps).toMatchObject([{ from: 4, to: 4, missing: 1 }]);
    expect(rig.factsOf('feed.gapClosed')).toEqual([]);
    rig.say(trade(4));
    expect(rig.feed.gaps).toEqual([]);
    expect(rig.factsOf('feed.gapClosed')).toMatchObject([{ id: 1, from: 4, to: 4 }]);
    expect(rig.router.taken).toEqual([1, 6, 5, 2, 3].map((n) => trade(n)).concat(trade(4, 'B'), trade(4)));
    expect(rig.metrics).toMatchObject({ repeated: 2, repeatedDropped: 2, conserved: true });
    expect(rig.metrics.gaps).toEqual({ found: 1, closed: 1, missing: 4, late: 4 });
  });

  it('that a message in its middle filled keeps its ends until a neighbour comes', () => {
    const rig = new FeedRig().stream();
    rig.say([trade(1), trade(5), trade(3)]);
    expect(rig.feed.gaps).toMatchObject([{ from: 2, to: 4, missing: 2 }]);
    rig.say([trade(3), trade(2)]);
    expect(rig.feed.gaps).toMatchObject([{ from: 4, to: 4, missing: 1 }]);
    expect(rig.metrics).toMatchObject({ repeated: 1 });
  });

  it('that was closed by hand takes nothing more: what comes of it is a repetition', () => {
    const rig = new FeedRig({ repeated: 'drop' }).stream();
    rig.say([trade(1), trade(3)]);
    rig.feed.closeGap(1);
    rig.say(trade(2));
    expect(rig.metrics).toMatchObject({ repeated: 1, repeatedDropped: 1 });
  });

  it('only the newest thousand open gaps are kept, and all are counted', () => {
    const rig = new FeedRig().stream();
    rig.say(Array.from({ length: 1_101 }, (_, index) => trade(index * 2)));
    expect(rig.feed.gaps.length).toBe(1_000);
    expect(rig.feed.gaps[0]).toMatchObject({ id: 101 });
    expect(rig.metrics.gaps).toMatchObject({ found: 1_100, missing: 1_100 });
  });
});

describe('a number that came before', () => {
  it.each([
    ['deliver', 4, 0],
    ['drop', 3, 1],
  ] as const)('is counted, and with %s there are %i messages delivered', (repeated, delivered, repeatedDropped) => {
    const rig = new FeedRig({ repeated }).stream();
    rig.say([...trades(1, 3), trade(2)]);
    expect(rig.metrics).toMatchObject({ received: 4, repeated: 1, delivered, repeatedDropped, conserved: true });
  });

  it('is none if it is far lower: the service began to count anew', () => {
    const rig = new FeedRig({ repeated: 'drop' }).stream();
    rig.say([trade(50_000), trade(1), trade(2)]);
    expect(rig.metrics).toMatchObject({ delivered: 3, repeated: 0, gaps: { found: 0 } });
  });
});

describe('nobody has room', () => {
  it('with pause the socket waits, what was read is delivered in order, and nothing is lost', async () => {
    const rig = new FeedRig().stream();
    rig.router.outcome = full;
    rig.say(trades(1, 2));
    rig.say(trades(3, 3));
    expect(rig.socket.did.at(-1)).toBe('pause');
    expect(rig.metrics).toMatchObject({ received: 3, held: 3, delivered: 0, conserved: true });
    expect(rig.feed.explain()).toBe('Feed main streams, but its socket is paused: 3 messages wait for room.');
    rig.router.outcome = accepted;
    for (let n = 0; n < 3; n += 1) {
      rig.router.waiting[n]?.(accepted);
      await rig.clock.settle();
    }
    expect(rig.router.taken).toEqual(trades(1, 3));
    expect(rig.socket.did.at(-1)).toBe('resume');
    expect(rig.metrics).toMatchObject({ held: 0, delivered: 3, dropped: 0, gaps: { found: 0 }, conserved: true });
  });

  it('a socket that is paused is not taken for silent', async () => {
    const rig = new FeedRig().stream();
    rig.router.outcome = full;
    rig.say(trade(1));
    await rig.clock.advance(600_000);
    expect(rig.feed.state).toBe('streaming');
    rig.router.waiting[0]?.(accepted);
    await rig.clock.settle();
    await rig.clock.advance(31_000);
    expect(rig.metrics.failures).toBe(1);
  });

  it('what waits is bounded by its bytes; beyond that messages are dropped, and become one gap', async () => {
    const rig = new FeedRig({ heldBytesMax: 40 }).stream();
    rig.router.outcome = full;
    for (const each of trades(1, 5)) rig.say(each);
    expect(rig.metrics).toMatchObject({ held: 2, dropped: 3, conserved: true });
    rig.router.waiting[0]?.(accepted);
    await rig.clock.settle();
    expect(rig.factsOf('feed.gap')).toMatchObject([{ reason: 'full', missing: 3, unit: 'ms' }]);
  });

  it('with drop the socket goes on, and each run of dropped messages is one gap', () => {
    const rig = new FeedRig({ whenFull: 'drop' }).stream();
    rig.router.outcome = full;
    rig.say(trades(1, 3));
    expect(rig.factsOf('feed.gap')).toEqual([]);
    rig.router.outcome = accepted;
    rig.say(trade(4));
    expect(rig.factsOf('feed.gap')).toMatchObject([{ reason: 'full', missing: 3 }]);
    expect(rig.socket.did).not.toContain('pause');
    expect(rig.metrics).toMatchObject({ received: 4, delivered: 1, dropped: 3, held: 0, conserved: true });
  });

  it('a stop hands back what waits', () => {
    const rig = new FeedRig().stream();
    rig.router.outcome = full;
    rig.say(trades(1, 2));
    const report = rig.feed.stop();
    expect(report.returnedMessages).toEqual(trades(1, 2));
    expect(report.view).toMatchObject({ state: 'stopped', metrics: { returned: 2, held: 0, conserved: true } });
    expect(rig.feed.stop().returnedMessages).toEqual(trades(1, 2));
  });
});

describe('a profile that peeks', () => {
  const peek = (text: string) => /"kind":"(\w+)"/.exec(text)?.[1];

  it('a message that nobody wants is counted and never parsed', () => {
    const rig = new FeedRig({ profile: fakeProfile({ peek }) }).stream();
    rig.say('{"kind":"noise", and no JSON');
    rig.say({ kind: 'trade', ...trade(1) });
    expect(rig.metrics).toMatchObject({ received: 2, ignored: 1, delivered: 1, garbage: 0, conserved: true });
    expect(rig.metrics.lastMessageAt).toBe(rig.clock.wallTime());
  });

  it('what it finds nothing in, or throws at, is parsed', () => {
    const peek = (text: string) => (text.includes('throw') ? JSON.parse('') : undefined);
    const rig = new FeedRig({ profile: fakeProfile({ peek }) }).stream();
    rig.say({ kind: 'noise', text: 'throw' });
    rig.say({ kind: 'noise' });
    rig.say(trade(1));
    expect(rig.metrics).toMatchObject({ received: 3, ignored: 2, delivered: 1, conserved: true });
  });

  it('a journal gets all messages', async () => {
    const written: unknown[] = [];
    const to = { write: async (messages: readonly unknown[]) => void written.push(...messages) };
    const rig = new FeedRig({ to, profile: fakeProfile({ peek }) }).stream();
    rig.say({ kind: 'noise', n: 1 });
    await rig.clock.settle();
    expect(written).toEqual([{ kind: 'noise', n: 1 }]);
  });
});

describe('a profile that reads bytes', () => {
  const binary: BinaryFormat = {
    encode: (message) => Buffer.from(JSON.stringify(message)),
    decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()),
  };

  it('gets messages from them, sends in them, and what it cannot read is garbage', () => {
    const sent: unknown[] = [];
    const encode = (message: unknown) => {
      sent.push(message);
      return binary.encode(message);
    };
    const rig = new FeedRig({ profile: fakeProfile({ binary: { ...binary, encode } }) }).stream();
    rig.socket.listener.binary(binary.encode(trades(1, 2)));
    rig.socket.listener.binary(Buffer.from([0xc1, 0xff]));
    expect(sent).toEqual([{ subscribe: ['A'], id: 1 }]);
    expect(rig.metrics).toMatchObject({ received: 2, garbage: 1, conserved: true });
    expect(rig.router.taken).toEqual(trades(1, 2));
    expect(rig.factsOf('feed.garbage')).toMatchObject([
      { why: expect.stringMatching(/^bytes that cannot be decoded: /), sample: 'c1ff' },
    ]);
  });

  it('asks for them in the request, and the feed may ask for more', () => {
    const { options } = new FeedRig({
      profile: fakeProfile({ binary, headers: { Accept: 'bytes' } }),
      headers: { Via: 'us' },
    }).stream().socket;
    expect(options.headers).toEqual({ Accept: 'bytes', Via: 'us' });
  });
});

it('a journal as the target gets a frame at a time; the socket waits while the disk is behind', async () => {
  const writes: { readonly messages: readonly unknown[]; done(error?: Error): void }[] = [];
  const write = (messages: readonly unknown[]) =>
    new Promise<void>((resolve, reject) =>
      writes.push({ messages, done: (error) => (error === undefined ? resolve() : reject(error)) }),
    );
  const rig = new FeedRig({ to: { write }, heldBytesMax: 100 }).stream();
  rig.say(trades(1, 3));
  expect(writes[0]?.messages).toEqual(trades(1, 3));
  expect(rig.socket.did.at(-1)).toBe('pause');
  rig.say(trades(4, 6));
  expect(rig.metrics).toMatchObject({ held: 3, dropped: 3 });
  writes[0]?.done();
  await rig.clock.settle();
  expect(rig.socket.did.at(-1)).toBe('resume');
  rig.say(trade(7));
  writes[1]?.done(new SluiceError('invalid-message', 'too large'));
  rig.say(trade(8));
  writes[2]?.done(new SluiceError('store-failed', 'the disk is full'));
  await rig.clock.settle();
  expect(rig.metrics).toMatchObject({ received: 8, delivered: 3, refused: 1, dropped: 4, held: 0, conserved: true });
});

it('a message that a journal refuses takes no other along, nor its place if it is large, and is told', async () => {
  const written: unknown[] = [];
  const isBad = (message: unknown): boolean => 'bad' in (message as object);
  const write = async (messages: readonly unknown[]) => {
    if (messages.some(isBad)) throw new SluiceError('invalid-message', 'no JSON');
    written.push(...messages);
  };
  const rig = new FeedRig({ to: { write } }).stream();
  rig.say([trade(1), { ...trade(2), bad: 'small' }, trade(3)]);
  await rig.clock.settle();
  rig.socket.listener.text(JSON.stringify({ ...trade(4), bad: 'x'.repeat(600_000) }), 600_100);
  for (let n = 5; n <= 99; n += 1) rig.socket.listener.text(JSON.stringify(trade(n)), 30);
  await rig.clock.settle();
  expect(written).toEqual([trade(1), trade(3), ...trades(5, 99)]);
  expect(rig.metrics).toMatchObject({ received: 99, delivered: 97, refused: 2, held: 0, conserved: true });
  const why = 'the journal refuses it: no JSON';
  expect(rig.factsOf('feed.garbage')).toMatchObject([
    { why, sample: expect.stringContaining("bad: 'small'") },
    { why },
  ]);
});

describe('small frames that are read in one go', () => {
  const read = (rig: FeedRig, n: number): void => {
    const text = JSON.stringify(trades(n, n));
    rig.socket.listener.text(text, text.length);
  };

  it('are handed on together before anything else of the process runs, and at the latest when 64 messages wait', async () => {
    const rig = new FeedRig().stream();
    for (let n = 1; n <= 66; n += 1) read(rig, n);
    expect(rig.router.taken).toEqual(trades(1, 64));
    await Promise.resolve();
    expect(rig.router.taken).toEqual(trades(1, 66));
  });

  it('come before what is in a large frame behind them', () => {
    const rig = new FeedRig().stream();
    read(rig, 1);
    rig.socket.listener.text(JSON.stringify(trades(2, 65)), 1);
    expect(rig.router.taken).toEqual(trades(1, 65));
  });

  it.each([
    ['the connection ends', (rig: FeedRig) => rig.end()],
    ['the service says that it ends', (rig: FeedRig) => rig.answer({ is: 'ending', why: 'maintenance' })],
    ['the feed is stopped', (rig: FeedRig) => rig.feed.stop()],
    ['somebody looks at the feed', (rig: FeedRig) => rig.feed.view],
  ])('are handed on first when %s', (_, ends) => {
    const rig = new FeedRig().stream();
    read(rig, 1);
    ends(rig);
    expect(rig.router.taken).toEqual(trades(1, 1));
    expect(rig.metrics).toMatchObject({ received: 1, delivered: 1, conserved: true });
  });
});

describe('what becomes of a message', () => {
  it.each([
    ['invalid', { refused: 1 }],
    ['unknown-type', { refused: 1 }],
    ['ignored', { ignored: 1 }],
  ] as const)('%s is counted', (reason, counts) => {
    const rig = new FeedRig().stream();
    rig.router.outcome = { status: 'rejected', reason };
    rig.say(trade(1));
    expect(rig.metrics).toMatchObject({ received: 1, delivered: 0, conserved: true, ...counts });
  });

  it('a message beside what is none is delivered, and a frame of garbage is one fact', () => {
    const rig = new FeedRig().stream();
    rig.say([1, trade(1), null, [], trade(2)]);
    expect(rig.router.taken).toEqual(trades(1, 2));
    expect(rig.metrics).toMatchObject({ received: 2, garbage: 3, conserved: true });
    expect(rig.factsOf('feed.garbage')).toMatchObject([{ why: 'JSON that is no message' }]);
  });

  it('a type that the profile says nobody wants never reaches the router', () => {
    const rig = new FeedRig().stream();
    rig.say({ ...trade(1), kind: 'noise' });
    expect(rig.router.taken).toEqual([]);
    expect(rig.metrics).toMatchObject({ received: 1, ignored: 1, conserved: true });
  });

  it('the lag is the time of arrival less the own time of the message', () => {
    const rig = new FeedRig().stream();
    const now = rig.clock.wallTime();
    rig.say({ ...trade(1), at: now - 700 });
    rig.say({ ...trade(2), at: now - 20 });
    expect(rig.metrics).toMatchObject({ lagMs: 20, lagMsMax: 700, lastMessageAt: now });
  });

  it('a profile that throws, and a listener that does, are contained and counted', () => {
    const time = () => {
      throw new Error('no time');
    };
    const rig = new FeedRig({ profile: fakeProfile({ time }) });
    rig.feed.events.on('feed.entered', () => {
      throw new Error('listener');
    });
    rig.stream();
    rig.say(trade(1));
    expect(rig.metrics).toMatchObject({ delivered: 1, faults: 4 });
  });
});

describe('waits', () => {
  it('failures are forgotten after a stable while of streaming, and not before', async () => {
    const rig = new FeedRig().stream();
    for (const failures of [1, 2]) {
      rig.end();
      expect(rig.metrics.failures).toBe(failures);
      await rig.clock.advance(rig.feed.view.retryInMs ?? 0);
      rig.resume();
    }
    for (let n = 0; n < 5; n += 1) {
      await rig.clock.advance(10_000);
      rig.say(trade(n));
    }
    expect(rig.metrics.failures).toBe(2);
    await rig.clock.advance(10_000);
    expect(rig.metrics.failures).toBe(0);
  });

  it('a service that sends nothing is pinged, and given up if it does not answer', async () => {
    const rig = new FeedRig().stream();
    await rig.clock.advance(15_000);
    expect(rig.socket.did.at(-1)).toBe('ping');
    expect(rig.feed.state).toBe('streaming');
    await rig.clock.advance(15_000);
    expect(rig.feed.explain()).toMatch(
      /waits: the service was silent and did not answer a ping\. Attempt 2 comes in 0\.3 s/,
    );
  });

  it('each wait says why, and none says why the one before', async () => {
    const rig = new FeedRig().stream();
    rig.end(1013, 'later');
    expect(rig.feed.explain()).toContain('waits: the service closed the connection (1013: later). Attempt 2 comes');
    await rig.clock.advance(250);
    await rig.clock.advance(10_000);
    expect(rig.feed.explain()).toContain('waits: the service did not answer when it was connected to. Attempt 3 comes');
  });

  it('it rests outside its hours, and connects when they begin', async () => {
    // The simulated clock starts on a Monday at 00:00 UTC.
    const rig = new FeedRig({ hours: weekly({ from: '09:30', to: '16:00', timeZone: 'America/New_York' }) });
    rig.feed.start();
    expect(rig.feed.explain()).toContain('rests');
    await rig.clock.advance((14 * 60 + 30) * 60_000 - 1);
    expect(rig.sockets.length).toBe(0);
    await rig.clock.advance(1);
    expect(rig.feed.state).toBe('connecting');
    rig.resume();
    for (let minute = 0; minute < 6.5 * 60; minute += 0.25) {
      await rig.clock.advance(15_000);
      if (rig.feed.state === 'streaming') rig.socket.listener.beat();
    }
    expect(rig.feed.state).toBe('resting');
    expect(rig.socket.did.at(-1)).toBe('close');
  });
});

describe('subscriptions', () => {
  it('are changed while messages come', () => {
    const rig = new FeedRig().stream();
    rig.feed.subscribe(['B']);
    rig.feed.unsubscribe(['A']);
    expect(rig.socket.did.map((text) => JSON.parse(text))).toEqual([
      { subscribe: ['A'], id: 1 },
      { subscribe: ['B'], id: 2 },
      { unsubscribe: ['A'] },
    ]);
    rig.answer({ is: 'subscribed', id: 2 });
    expect(rig.feed.view.subscriptions).toEqual({ B: 'accepted' });
    expect(rig.feed.state).toBe('streaming');
  });

  it('are asked for at once while others have no answer yet', () => {
    const rig = new FeedRig();
    rig.feed.start();
    rig.socket.listener.opened();
    rig.feed.subscribe(['B']);
    expect(rig.socket.did.at(-1)).toBe('{"subscribe":["B"],"id":2}');
    rig.answer({ is: 'subscribed', id: 1 });
    expect(rig.feed.state).toBe('subscribing');
    rig.answer({ is: 'subscribed', id: 2 });
    expect(rig.feed.state).toBe('streaming');
  });

  it('one that is refused is told and not asked for again, and the others go on', async () => {
    const rig = new FeedRig({ subscribe: ['A', 'B'] });
    rig.feed.start();
    rig.socket.listener.opened();
    rig.answer({ is: 'subscription-refused', names: ['B'], why: 'no such symbol' });
    expect(rig.feed.state).toBe('subscribing');
    rig.answer({ is: 'subscribed', names: ['A'] });
    expect(rig.feed.explain()).toBe('Feed main streams: 0 messages so far. Refused: B.');
    expect(rig.factsOf('feed.refused')).toEqual([{ feed: 'main', names: ['B'], why: 'no such symbol' }]);
    rig.end();
    await rig.clock.advance(1_000);
    rig.socket.listener.opened();
    expect(rig.socket.did).toEqual(['{"subscribe":["A"],"id":2}']);
  });

  it('a feed that failed asks again for everything once the host says so', () => {
    const rig = new FeedRig();
    rig.feed.start();
    rig.socket.listener.opened();
    rig.answer({ is: 'subscription-refused', why: 'not authorized' });
    expect(rig.feed.state).toBe('failed');
    rig.feed.reconnect();
    rig.resume();
    expect(rig.feed.view.subscriptions).toEqual({ A: 'accepted' });
  });
});

it.each(['subscribe', 'unsubscribe'] as const)('%s takes a list of names, and says so', (method) => {
  const rig = new FeedRig().stream();
  for (const [wrong, got] of [
    ['A', "'A'"],
    [undefined, 'undefined'],
  ])
    expect(() => rig.feed[method](wrong as never)).toThrow(`${method} takes a list of names, got ${got}`);
  expect(rig.feed.view.subscriptions).toEqual({ A: 'accepted' });
});

describe('a message that makes no sense', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2 ** 53, 1e300])(
    'with the number %s counts as one without a number',
    (n) => {
      const rig = new FeedRig({ profile: fakeProfile({ sequence: () => ({ of: 'A', number: n }) }) }).stream();
      rig.say([{ sym: 'A' }, { sym: 'A' }]);
      expect(rig.metrics).toMatchObject({ delivered: 2, repeated: 0, gaps: { found: 0 } });
    },
  );

  it('that says it was made in the future puts no end of a gap there', async () => {
    const rig = new FeedRig().stream();
    rig.say([{ sym: 'A', at: 9e300 }]);
    rig.end();
    await rig.clock.advance(1_000);
    rig.resume().say([{ sym: 'A', at: 9e300 }]);
    const now = rig.clock.wallTime();
    expect(rig.factsOf('feed.gap')).toMatchObject([{ reason: 'reconnect', from: now - 1_000, to: now }]);
  });

  it('shows in what the feed says of itself while it streams', () => {
    const rig = new FeedRig().stream();
    rig.say('<html>');
    rig.say('{');
    expect(rig.feed.explain()).toBe(
      'Feed main streams: 0 messages so far. 2 times something came that is no message (feed.garbage).',
    );
  });
});

describe('credentials', () => {
  const profile = fakeProfile({ needs: ['key'], logIn: ({ key }) => [{ key }] });

  it('are asked for at each login, and what the service says back does not show them', () => {
    let key = 'first/secret+';
    const rig = new FeedRig({ profile, credentials: () => ({ key }) });
    rig.feed.start();
    rig.socket.listener.opened();
    rig.answer({ is: 'login-refused', why: 'first/secret+ (of ?k=first%2Fsecret%2B) is not known' });
    expect(rig.feed.explain()).toContain('the service says: (not shown) (of ?k=(not shown)) is not known.');
    expect(JSON.stringify([rig.facts, rig.feed.view])).not.toMatch(/first.{1,3}secret/);
    key = 'second-secret';
    rig.feed.reconnect();
    rig.socket.listener.opened();
    expect(rig.socket.did).toEqual(['{"key":"second-secret"}']);
  });

  it('that are missing at the login are a refusal', () => {
    const rig = new FeedRig({ profile, credentials: () => ({}) });
    rig.feed.start();
    rig.socket.listener.opened();
    expect(rig.feed.explain()).toContain('failed: fake needs the credentials key.');
  });
});

describe('createFeed says what is wrong', () => {
  const options = { name: 'main', profile: fakeProfile(), to: { write: async () => {} }, subscribe: [] };
  it.each([
    [{ subscirbe: [] }, "unknown option 'subscirbe'; did you mean 'subscribe'?"],
    [{ name: '' }, 'name must be a non-empty string'],
    [{ profile: {} }, 'profile must be a profile, such as binance()'],
    [{ to: {} }, 'to must be a router or a journal'],
    [{ subscribe: 'A' }, 'subscribe must be a list of names'],
    [{ subscribe: ['?'] }, "fake: there is no '?'"],
    [{ url: 'wss://x/#part' }, 'url must have no part behind a #, because it is not sent, got wss://x/#part'],
    [{ url: 'https://x' }, 'url must begin with wss:// or ws://, got https://x'],
    [
      { profile: fakeProfile({ binary: {} as never }) },
      'must have encode and decode, as the package @msgpack/msgpack has',
    ],
    [{ whenFull: 'wait' }, "whenFull must be 'pause', 'drop' or 'spill', got wait"],
    [{ silenceMs: 0 }, 'silenceMs must be a number above 0, got 0'],
    [{ backoff: { delayMs: -1 } }, 'backoff.delayMs must be a number from 0'],
    [{ profile: massive('stocks') }, 'massive stocks needs the credentials key'],
  ])('%j: %s', (wrong, says) => {
    expect(() => createFeed({ ...options, ...wrong } as never)).toThrow(says);
  });

  it('weekly says so as well', () => {
    expect(() => weekly({ from: '9:30', to: '16:00' })).toThrow("a time is written 09:30, got '9:30'");
    expect(() => weekly({ from: '09:30', to: '16:00', timeZone: 'Mars/Base' })).toThrow(RangeError);
  });
});

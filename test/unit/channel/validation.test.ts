import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createRouter, ProcessingChannel } from '../../../src/index.ts';
import { createTestRouter, message } from '../../../src/testing/index.ts';

const schema = z.object({ sym: z.string(), p: z.coerce.number().positive() });

class Collecting<Payload = unknown> extends ProcessingChannel<Payload> {
  readonly seen: Payload[] = [];
  override process(batch: readonly Payload[]): void {
    this.seen.push(...batch);
  }
}

class ByHand extends Collecting<number> {
  override validate(input: unknown): number {
    const { p } = input as { p: number };
    if (typeof p !== 'number') throw new TypeError(`p must be a number, got ${typeof p}`);
    return p * 2;
  }
}

class BySchema extends Collecting<z.output<typeof schema>> {
  override readonly schema = schema;
}

describe('R1.1 a message is checked at the door', () => {
  it('by a schema, whose output is what `process` gets', async () => {
    const channel = new BySchema();
    const rig = await createTestRouter({ channels: { tick: () => channel } });
    expect(rig.router.route({ ev: 'T', sym: 'A', p: '12.5' })).toEqual({ status: 'accepted' });
    expect(channel.seen).toEqual([{ sym: 'A', p: 12.5 }]);
  });

  it('and refused as `invalid`, with the path of the mistake in the dead letter', async () => {
    const channel = new BySchema();
    const rig = await createTestRouter({ channels: { tick: () => channel } });
    const bad = { ev: 'T', sym: 'A', p: -1 };
    expect(rig.router.route(bad)).toEqual({ status: 'rejected', reason: 'invalid' });
    expect(channel.seen).toEqual([]);
    const [letter] = await rig.router.deadLetters.list({ reason: 'invalid' });
    expect(letter).toMatchObject({ channel: 'tick', message: bad, attempts: 0, at: rig.clock.wallTime() });
    expect(String(letter?.error)).toMatch(/p: /);
    expect(rig.metrics('tick')).toMatchObject({ received: 1, accepted: 0, rejected: 1, rejectedBy: { invalid: 1 } });
  });

  it('by `validate`, whose result is what `process` gets, and whose exception refuses', async () => {
    const channel = new ByHand();
    const rig = await createTestRouter({ channels: { tick: () => channel } });
    expect(rig.router.route({ ev: 'T', p: 4 }).status).toBe('accepted');
    expect(rig.router.route({ ev: 'T', p: 'four' })).toEqual({ status: 'rejected', reason: 'invalid' });
    expect(channel.seen).toEqual([8]);
    expect(String((await rig.router.deadLetters.list())[0]?.error)).toContain('p must be a number, got string');
  });

  it('before the mailbox: an invalid message is told so even when there is no room', async () => {
    const channel = new ByHand();
    const rig = await createTestRouter({
      config: { channels: { tick: { capacity: 1 } } },
      channels: { tick: () => channel },
    });
    rig.router.pause();
    rig.router.route({ ev: 'T', p: 1 });
    expect(rig.router.route({ ev: 'T', p: 1 })).toMatchObject({ reason: 'mailbox-full' });
    expect(rig.router.route({ ev: 'T', p: null })).toMatchObject({ reason: 'invalid' });
    rig.checkConserved();
  });
});

it('a schema may name the place of a mistake by keys, by objects with a key, or not at all', async () => {
  const issues = [
    { message: 'a', path: ['bids', 0, 'price'] },
    { message: 'b', path: [{ key: 'bids' }, { key: 1 }] },
    { message: 'c' },
    { message: 'd', path: [] },
  ];
  class Refusing extends Collecting<unknown> {
    override readonly schema = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } } as const;
  }
  const rig = await createTestRouter({ channels: { tick: () => new Refusing() } });
  rig.router.route(message('tick', 0));
  expect((await rig.router.deadLetters.list())[0]?.error).toMatchObject({
    message: 'bids.0.price: a; bids.1: b; c; d',
  });
});

describe('a check that answers by a promise', () => {
  it('refuses every message, because the door cannot wait: a schema', async () => {
    class Slow extends Collecting<unknown> {
      override readonly schema = z.object({ p: z.number() }).refine(async () => false);
    }
    const rig = await createTestRouter({ channels: { tick: () => new Slow() } });
    expect(rig.router.route({ ev: 'T', p: 1 })).toEqual({ status: 'rejected', reason: 'invalid' });
    await rig.advance(10);
    expect(String((await rig.router.deadLetters.list())[0]?.error)).toContain('the schema answers by a promise');
  });

  it('refuses every message, because the door cannot wait: `validate`, also one that rejects', async () => {
    class Slow extends Collecting<unknown> {
      override validate(input: unknown): unknown {
        return (input as { n: number }).n === 0 ? Promise.resolve(input) : Promise.reject(new Error('late'));
      }
    }
    const rig = await createTestRouter({ channels: { tick: () => new Slow() } });
    for (const n of [0, 1])
      expect(rig.router.route(message('tick', n))).toEqual({ status: 'rejected', reason: 'invalid' });
    await rig.advance(10);
    rig.checkConserved();
  });
});

describe('`static rules`', () => {
  class Ruled extends Collecting<unknown> {
    static override readonly rules = z.object({ minMove: z.number().positive().default(2) });
    rulesSeen: unknown;
    override process(_batch: readonly unknown[], context?: { readonly rules: unknown }): void {
      this.rulesSeen = context?.rules;
    }
  }

  it('R4.1 check `eventRules` when the router is made, and fill in what they fill in', async () => {
    const channel = new Ruled();
    const rig = await createTestRouter({ config: { channels: { tick: {} } }, channels: { tick: () => channel } });
    rig.router.route(message('tick', 0));
    expect(channel.rulesSeen).toEqual({ minMove: 2 });
    expect(() =>
      createRouter({
        channels: { tick: () => new Ruled() },
        config: { channels: { tick: { eventRules: { minMove: -1 } } } },
      }),
    ).toThrow(
      expect.objectContaining({
        code: 'invalid-config',
        message: expect.stringContaining('channels.tick.eventRules.minMove'),
      }),
    );
  });

  it('that throw or answer late are a mistake of the configuration, not an accident', () => {
    class Throwing extends Collecting<unknown> {
      static override readonly rules = {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate(): never {
            throw new Error('no rules today');
          },
        },
      } as const;
    }
    class Late extends Collecting<unknown> {
      static override readonly rules = z.object({}).refine(async () => true);
    }
    for (const [make, text] of [
      [() => new Throwing(), 'no rules today'],
      [() => new Late(), 'must answer at once'],
    ] as const) {
      expect(() => createRouter({ channels: { tick: make } })).toThrow(
        expect.objectContaining({ code: 'invalid-config', message: expect.stringContaining(text) }),
      );
    }
  });
});

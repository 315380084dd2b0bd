import { afterEach, describe, expect, it, vi } from 'vitest';
import { DroppedRun } from '../../src/feeds/dropped-run.ts';
import { Gaps } from '../../src/feeds/gaps.ts';
import { Sequences } from '../../src/feeds/sequences.ts';
import { Spillway } from '../../src/feeds/spillway.ts';
import { Watch } from '../../src/feeds/watch.ts';
import { runFeed } from './feeds.ts';

it('over a network that delays, refuses, cuts, falls silent and sends garbage, what came is delivered or in a gap', async () => {
  for (let seed = 0; seed < 100; seed += 1) expect(await runFeed(seed)).toEqual([]);
}, 300_000);

describe('a planted fault is found', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** What the first of these seeds that finds anything of the kind has found. */
  async function finding(kind: RegExp): Promise<string> {
    for (let seed = 0; seed < 20; seed += 1) {
      const found = (await runFeed(seed)).join();
      if (kind.test(found)) return found;
    }
    return 'nothing';
  }

  it('a gap that is not told', async () => {
    vi.spyOn(Sequences.prototype, 'sift').mockImplementation((messages) => messages);
    expect(await finding(/neither delivered, in a gap nor dropped/)).not.toBe('nothing');
  }, 300_000);

  it('a message that was missing, comes after all, and fills no gap', async () => {
    vi.spyOn(Gaps.prototype, 'fill').mockReturnValue(true);
    expect(await finding(/were delivered, and the gap from \d+ to \d+ says that \d+ are missing/)).not.toBe('nothing');
  }, 300_000);

  it('a message that overtakes those in the journal', async () => {
    vi.spyOn(Spillway.prototype, 'takes').mockReturnValue(false);
    expect(await finding(/came out of order/)).not.toBe('nothing');
  }, 300_000);

  it('a half-open connection that nobody gives up', async () => {
    vi.spyOn(Watch.prototype, 'isSilent', 'get').mockReturnValue(false);
    expect(await finding(/the last trade is \d+, and \d+ was delivered last/)).not.toBe('nothing');
  }, 300_000);

  it('messages that are dropped without a gap', async () => {
    vi.spyOn(DroppedRun.prototype, 'close').mockReturnValue(undefined);
    expect(await finding(/\d+ were dropped, and the gaps say 0/)).not.toBe('nothing');
  }, 300_000);
});

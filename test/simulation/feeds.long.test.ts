import { expect, it } from 'vitest';
import { runFeed } from './feeds.ts';

it('five thousand feeds account for every trade over a bad network', async () => {
  for (let seed = 1_000; seed < 6_000; seed += 1) expect(await runFeed(seed)).toEqual([]);
}, 900_000);

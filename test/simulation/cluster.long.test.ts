import { expect, it } from 'vitest';
import { runCluster } from './cluster.ts';

it('a thousand clusters skip nothing, and no two members commit with one fence', async () => {
  for (let seed = 1_000; seed < 2_000; seed++) expect(await runCluster(seed)).toEqual([]);
}, 600_000);

import { expect, it } from 'vitest';
import { type Plant, runCluster } from './cluster.ts';

it('two or three members that die, pause, are cut off and come back skip nothing, and no two commit with one fence', async () => {
  for (let seed = 1; seed <= 20; seed++) expect(await runCluster(seed)).toEqual([]);
});

const plants: readonly Plant[] = [
  'commit without the fence',
  'drain after fence',
  'TTL trusted',
  'gap not seen',
  'standby that commits',
  'refusal not heard',
];
it.each(plants)('the checker finds: %s', async (plant) => {
  for (let seed = 1; seed <= 20; seed++) if ((await runCluster(seed, plant)).length > 0) return;
  expect.unreachable('no seed found it');
});

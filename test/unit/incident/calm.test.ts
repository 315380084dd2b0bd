import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Incident, parseIncident } from '../../../src/cli/incident-file.ts';
import { rerun } from '../../../src/cli/rerun.ts';
import type { RerunReport } from '../../../src/cli/rerun-router.ts';
import type { CalmState } from '../../../src/incident/record.ts';
import { ProcessingChannel } from '../../../src/index.ts';
import {
  createRig,
  hang,
  type Message,
  message,
  messages,
  type RigOptions,
  type RouterRig,
} from '../../support/router-rig.ts';

const LAST = 100;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-calm-'));
});
afterAll(() => rm(directory, { recursive: true }));

type Channel = NonNullable<RigOptions['channels']>[string];

function recorded(channel: Channel, options: RigOptions = {}): Promise<RouterRig> {
  return createRig({
    channels: { tick: { batchSize: 1, ...channel } },
    recordIncident: { last: LAST, directory, filesMax: 0 },
    ...options,
  });
}

/** Fills the ring with what changes nothing, so that all before is forgotten, and writes it down. */
async function forget(rig: RouterRig): Promise<Incident> {
  for (let left = LAST; left > 0; left -= 1) {
    rig.router.route(null);
    await rig.clock.advance(1);
  }
  return parseIncident(await readFile(await rig.router.writeIncident(), 'utf8'));
}

describe('a router is not calm, and its file says so, while', () => {
  const obstacles: readonly (readonly [string, Channel, (rig: RouterRig) => unknown])[] = [
    ['timers are armed or answers awaited', { batchSize: 2, timeoutMs: 60_000 }, route],
    ['the breaker of tick remembers calls by time', { breaker: { window: { ms: 60_000 } } }, route],
    [
      'channel tick is partitioned by round-robin, whose turn cannot be read',
      { partitions: 2, partitionBy: 'round-robin' },
      () => {},
    ],
    ['channel tick is paused', {}, ({ router }) => router.pause('tick')],
    ['channel tick failed within restart.withinMs', { breaker: false, processTimeoutMs: 50, abandonAfterMs: 50 }, hung],
  ];
  function route({ router }: RouterRig): void {
    router.route(message('tick', 1));
  }
  async function hung(rig: RouterRig): Promise<void> {
    rig.sink('tick').script.push(hang);
    route(rig);
    await rig.advance(1_000);
  }
  it.each(obstacles)('%s', async (obstacle, channel, act) => {
    const rig = await recorded(channel);
    await act(rig);
    const { header } = await forget(rig);
    const held = `the ring of ${LAST} records holds neither the start of the router nor a calm moment`;
    expect(header).toMatchObject({ start: null, obstacle: `${held}: ${obstacle}` });
  });
});

it('a channel that is partitioned by a function is never re-run, even from the start', async () => {
  const rig = await recorded({ partitions: 2, partitionBy: () => 'A' });
  const { header } = parseIncident(await readFile(await rig.router.writeIncident(), 'utf8'));
  const obstacle = 'channel tick is partitioned by a function, which cannot be written down';
  expect(header).toMatchObject({ start: null, obstacle });
});

describe('a re-run from a calm moment', () => {
  /** What its instances are asked for also after a calm moment. */
  class Whole extends ProcessingChannel<Message> {
    override validate(each: Message): Message {
      return { ...each, n: -each.n };
    }
    override async warmUp(): Promise<void> {}
    override process(): void {}
    override close(): void {}
  }

  async function calmFile(): Promise<Incident> {
    const rig = await recorded({}, { classes: { tick: () => new Whole() } });
    rig.router.routeAll(messages('tick', 3));
    await forget(rig);
    rig.router.routeAll(messages('tick', 3));
    await rig.stop();
    return parseIncident(await readFile(await rig.router.writeIncident(), 'utf8'));
  }

  async function again(file: Incident, change: Partial<CalmState> = {}): Promise<RerunReport> {
    const { start } = file.header;
    if (start?.from !== 'calm') throw new Error('it begins at a calm moment');
    return rerun(file, { ...start, calm: { ...start.calm, ...change } });
  }

  it('comes out the same, with all that a channel may have', async () => {
    const { difference, facts } = await again(await calmFile());
    expect(difference).toBeUndefined();
    const states = facts.map(({ fact }) => fact.to);
    expect(states).toContain('flushing');
    expect(states.at(-1)).toBe('stopped');
  });

  it('without what a slot remembered ends with other counts than the file', async () => {
    const file = await calmFile();
    const { difference } = await again(file, { slots: {} });
    expect(difference).toMatchObject({ step: file.end.step, rerun: expect.stringContaining('"counters":[3,0,') });
  });
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { Call } from '../../src/channel/call.ts';
import { AckLedger } from '../../src/source/ack-ledger.ts';
import { FrameOrigin } from '../../src/source/frame-origin.ts';
import { MemoryPartition } from '../../src/testing/memory-partition.ts';
import { SourceRun } from './source-run.ts';

const SEEDS = 40;

afterEach(() => {
  vi.restoreAllMocks();
});

async function violationsOf(seed: number): Promise<readonly string[]> {
  const run = new SourceRun(seed);
  await run.run();
  return run.violations;
}

it('nothing is skipped, order holds, and every frame is in one place, at every step of random runs', async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) expect(await violationsOf(seed), `seed ${seed}`).toEqual([]);
}, 120_000);

/** Runs until a seed finds a violation. */
async function firstFinding(): Promise<string | undefined> {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const [found] = await violationsOf(seed);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('a planted fault is found', () => {
  it('a commit over a hole', async () => {
    vi.spyOn(AckLedger.prototype, 'settledUpTo', 'get').mockImplementation(function (this: AckLedger) {
      return this.heldFrames().findLast(({ isDone }) => isDone)?.position;
    });
    expect(await firstFinding()).toMatch(/is committed and not settled|came again|says that it is not conserved/);
  }, 120_000);

  it('a late outcome that settles', async () => {
    const abandon = Call.prototype.abandon;
    vi.spyOn(Call.prototype, 'abandon').mockImplementation(function (this: Call, putBack: boolean) {
      for (const origin of this.details.origins ?? []) origin?.settled('delivered');
      abandon.call(this, putBack);
    });
    expect(await firstFinding()).toMatch(/is committed and not settled/);
  }, 120_000);

  it('a commit of an older stay that wins', async () => {
    const write = MemoryPartition.prototype.write;
    vi.spyOn(MemoryPartition.prototype, 'write').mockImplementation(function (this: MemoryPartition, stay, change) {
      const present = this.stay as unknown as typeof stay | undefined;
      return write.call(this, present ?? stay, change);
    });
    vi.spyOn(AckLedger.prototype, 'close').mockImplementation(() => {});
    expect(await firstFinding()).toBeDefined();
  }, 120_000);

  it('a message that a channel hands back and that counts as settled', async () => {
    vi.spyOn(FrameOrigin.prototype, 'handedBack').mockImplementation(function (this: FrameOrigin) {
      this.settled();
    });
    expect(await firstFinding()).toMatch(/is committed and not settled/);
  }, 120_000);
});

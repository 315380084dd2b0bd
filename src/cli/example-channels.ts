import { BarChannel } from '../../docs/examples/bar-channel.ts';
import { BoundedMap } from '../../docs/examples/bounded-map.ts';
import { defineFairValueChannel } from '../../docs/examples/fair-value-channel.ts';
import { defineTradeChannel } from '../../docs/examples/trade-channel.ts';

/** The channels `replay` runs: the ones the documentation shows. */
export function createExampleChannels() {
  const lastPrices = new BoundedMap();
  return {
    tick: defineTradeChannel(lastPrices),
    ohlcv: BarChannel,
    fmv: defineFairValueChannel(lastPrices),
  };
}

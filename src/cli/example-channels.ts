import { BarChannel } from '../../docs/examples/bar-channel.ts';
import { LastPrices } from '../../docs/examples/bounded-map.ts';
import { FairValueChannel } from '../../docs/examples/fair-value-channel.ts';
import { TradeChannel } from '../../docs/examples/trade-channel.ts';

/** The channels `replay` runs: the ones the documentation shows. */
export function createExampleChannels() {
  const lastPrices = new LastPrices();
  return {
    tick: () => new TradeChannel(lastPrices),
    ohlcv: () => new BarChannel(),
    fmv: () => new FairValueChannel(lastPrices),
  };
}

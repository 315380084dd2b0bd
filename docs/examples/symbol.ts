import { z } from 'zod';

/** How the feeds name an instrument: `sym`, or `pair` on crypto feeds. */
export const symbolFields = { sym: z.string().min(1).optional(), pair: z.string().min(1).optional() };

interface Named {
  readonly sym?: string | undefined;
  readonly pair?: string | undefined;
}

/** Whether the message says which instrument it is about. */
export function hasSymbol(message: Named): boolean {
  return message.sym !== undefined || message.pair !== undefined;
}

/** One name per instrument. Massive writes the same pair as `BTC-USDT` in trades and as `X:BTC-USDT` in fair values. */
export function symbolOf(message: Named): string {
  const symbol = message.sym ?? message.pair ?? '';
  return symbol.startsWith('X:') ? symbol.slice(2) : symbol;
}

import { channelPaths } from 'sluice/testing';
import { expect, it } from 'vitest';
import { TradeChannel } from './trade-channel.ts';

const { paths, coverage } = channelPaths(TradeChannel, { messages: [{ sym: 'AAPL', p: 190 }] });

it.each(paths)('$description', ({ test }) => test());

it('every state was reached', () => expect(coverage().states.missing).toEqual([]));

import type { ChannelRow } from '../protocol.ts';
import type { Drawing } from './cards.ts';
import { make, setText, setTone } from './dom.ts';
import { count } from './format.ts';
import { type History, rowOf } from './history.ts';
import { Sparkline } from './sparkline.ts';

const SPARK_MS = 60_000;

/** How full a channel is, and its last minute; `atOf` is the moment that is shown. */
export function channelDrawing(history: History, atOf: () => number): Drawing<ChannelRow> {
  const meter = make('span', { class: 'fill' });
  const depth = make('span');
  const rates = new Sparkline(make('div', { class: 'spark' }));
  const depths = new Sparkline(make('div', { class: 'spark', 'data-tone': 'wait' }));
  const draw = (name: string): void => {
    const frames = history.before(atOf(), SPARK_MS);
    const times = frames.map((frame) => frame.at / 1_000);
    const delivered = frames.map((frame, index) => {
      const earlier = frames[index - 4];
      const [row, before] = [rowOf(frame, name), rowOf(earlier, name)];
      const ms = frame.at - (earlier?.at ?? frame.at);
      return row && before && ms > 0 ? Math.max(0, ((row.delivered - before.delivered) / ms) * 1_000) : null;
    });
    rates.show([times, delivered]);
    depths.show([times, frames.map((frame) => rowOf(frame, name)?.depth ?? null)]);
  };
  return {
    elements: [
      make('div', { class: 'row gauge' }, make('span', { class: 'meter', 'aria-hidden': 'true' }, meter), depth),
      make(
        'div',
        { class: 'sparks', 'aria-hidden': 'true' },
        make('figure', {}, rates.element, make('figcaption', {}, 'delivered / s')),
        make('figure', {}, depths.element, make('figcaption', {}, 'waiting')),
      ),
    ],
    update(row) {
      setText(depth, `${count(row.depth)} of ${count(row.capacity)} waiting`);
      const share = Math.min(1, row.depth / row.capacity);
      meter.style.width = `${share * 100}%`;
      setTone(meter, share >= 0.8 ? 'bad' : share >= 0.5 ? 'wait' : 'good');
      draw(row.name);
    },
  };
}

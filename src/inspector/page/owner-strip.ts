import type { HandOver } from '../../core/cluster-view.ts';
import { makeSvg, rebuild } from './dom.ts';

const SECONDS = 120;

/** Who had a partition when, as a band of colours up to `at`; null: nobody. */
export function ownerStrip(
  element: HTMLElement,
  handOvers: readonly HandOver[],
  owner: string | null,
  at: number,
  colourOf: (member: string) => number,
): void {
  const start = at - SECONDS * 1_000;
  const changes = handOvers.filter((each) => each.at > start);
  const bands = [...changes, undefined].map((change, index) => {
    const before = changes[index - 1];
    return {
      from: before === undefined ? 0 : (before.at - start) / 1_000,
      to: change === undefined ? SECONDS : (change.at - start) / 1_000,
      who: change === undefined ? owner : change.from,
    };
  });
  // Before the first change that this member saw, it was not there to see.
  const seenFrom = handOvers.length === changes.length && changes[0]?.from === null ? bands.slice(1) : bands;
  const key = seenFrom.map(({ from, to, who }) => `${Math.round(from)} ${Math.round(to)} ${who}`).join();
  rebuild(element, key, () => [
    makeSvg(
      'svg',
      { class: 'owners', viewBox: `0 0 ${SECONDS} 10`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      ...seenFrom.map(({ from, to, who }) =>
        makeSvg('rect', {
          ...{ x: from, y: 0, width: Math.max(0, to - from), height: 10 },
          'data-owner': who === null ? 'none' : colourOf(who),
        }),
      ),
    ),
  ]);
}

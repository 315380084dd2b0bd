import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelMachine } from '../../../machines/channel.ts';
import { stateName } from '../../../src/facts/chart-words.ts';
import { statesOf } from '../../../src/inspector/mermaid.ts';
import { type HealthStatus, healthOf, worstState, worstStatus } from '../../../src/report/health.ts';

const statuses: readonly HealthStatus[] = ['healthy', 'degraded', 'unhealthy'];
const states = [
  'idle',
  'buffering',
  'flushing',
  'new',
  'warming',
  'probing',
  'retrying',
  'isolating',
  'draining',
].concat('closing', 'stopped', 'paused', 'tripped', 'failed');
const anyStates = fc.array(fc.constantFrom(...states), { minLength: 1 });

describe('R5.4 the health of a state', () => {
  it.each<[HealthStatus, string[]]>([
    ['healthy', ['idle', 'buffering', 'flushing']],
    ['unhealthy', ['tripped', 'failed']],
    ['degraded', ['new', 'warming', 'probing', 'retrying', 'isolating', 'draining', 'closing', 'stopped', 'paused']],
  ])('is %s for %j', (status, named) => {
    expect(named.map(healthOf)).toEqual(named.map(() => status));
  });

  it('is decided for every state of the chart', () => {
    const places = statesOf(channelMachine.root).filter((state) => state.type === 'atomic' || state.type === 'final');
    const names = places.map(({ path }) => stateName(path.length > 1 ? { [path[0] ?? '']: path[1] } : path[0]));
    expect(names.filter((name) => !states.includes(name))).toEqual([]);
  });

  it('is unhealthy for a state that nobody knows: no news is no good news', () => {
    expect(healthOf('lost')).toBe('unhealthy');
  });
});

describe('of several partitions', () => {
  it('the worst state is one of theirs, and none of them is less healthy', () => {
    fc.assert(
      fc.property(anyStates, (all) => {
        const worst = worstState(all);
        const rank = (state: string) => statuses.indexOf(healthOf(state));
        return all.includes(worst) && all.every((state) => rank(state) <= rank(worst));
      }),
    );
  });

  it('their order makes no difference', () => {
    fc.assert(fc.property(anyStates, (all) => worstState(all) === worstState(all.toReversed())));
  });

  it('the worst status is the worst of any', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...statuses)), (all) => {
        const worst = worstStatus(all);
        return all.every((status) => statuses.indexOf(status) <= statuses.indexOf(worst));
      }),
    );
    expect(worstStatus([])).toBe('healthy');
  });
});

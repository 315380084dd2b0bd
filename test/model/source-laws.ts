import { type SourceWorld, sourceFactsOf } from './source.ts';

/** Where a source has to be after an event, said a second time and apart from its chart, from which the paths come. */
export function placeAfter(from: string, type: string, world: SourceWorld): string {
  const { hasPartitions, isHeld, isQuiet, isRevoking, mayRestart } = sourceFactsOf(world);
  switch (type.replace(/^(xstate\.after\.\w+)\..*$/, '$1')) {
    case 'xstate.init':
    case 'source.restart':
    case 'xstate.after.restartDelay':
      return 'starting';
    case 'source.failed':
    case 'xstate.error.actor.start':
    case 'xstate.after.startTimeout':
      return 'recovering';
    case 'xstate.done.actor.recover':
    case 'xstate.error.actor.recover':
      return mayRestart ? 'waiting' : 'failed';
    // What was never read, or is closed, has nothing to give back.
    case 'source.drain':
      if (from === 'waiting' || from === 'failed') return 'stopped';
      if (!from.startsWith('ready.')) return 'closing';
      return isQuiet ? releasing(world) : 'draining';
    case 'source.quieted':
    case 'xstate.after.drainDeadline':
      return releasing(world);
    case 'xstate.done.actor.release':
    case 'xstate.error.actor.release':
    case 'xstate.after.releaseDeadline':
      return 'closing';
    case 'source.abandon':
    case 'xstate.done.actor.close':
    case 'xstate.error.actor.close':
    case 'xstate.after.closeDeadline':
      return 'stopped';
    case 'partition.ended':
      return from === 'draining' ? releasing(world) : 'ready.standby';
    case 'partition.assigned':
      if (from === 'starting') return from;
      return 'ready.reading';
    case 'partition.revoked':
      return 'ready.revoking';
    case 'window.filled':
      return 'ready.held';
    case 'window.opened':
      return 'ready.reading';
    case 'xstate.done.actor.start':
      if (isRevoking) return 'ready.revoking';
      return isHeld ? 'ready.held' : hasPartitions ? 'ready.reading' : 'ready.standby';
    default:
      throw new Error(`no law says where ${type} leads`);
  }
}

/** Without a partition there is nothing to give back. */
function releasing({ hasPartition }: SourceWorld): string {
  return hasPartition ? 'releasing' : 'closing';
}

/** What a state tells of how it came about; undefined if the step did not lead into another one. */
export function reasonAfter(from: string, to: string, type: string): { cause: string } | undefined {
  if (from === to) return undefined;
  const isPassed = to === 'closing' && from !== 'releasing' && from !== 'starting' && from !== 'recovering';
  return { cause: isPassed ? 'xstate.done.actor.release' : type };
}

/** The last failure is told until a start succeeds. */
export function errorAfter(before: string | undefined, type: string): string | undefined {
  if (type === 'xstate.done.actor.start') return undefined;
  if (type === 'source.failed' || type === 'xstate.error.actor.start') return 'the source failed';
  return type.startsWith('xstate.after.startTimeout.') ? 'the source did not start in time' : before;
}

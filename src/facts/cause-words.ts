/** A cause as the statechart knows it, in words. */
export function causeInWords(cause: string): string {
  return causes[cause] ?? causesByPart.find(([part]) => cause.includes(part))?.[1] ?? cause;
}

/** The events of the statecharts in words. */
const causes: Readonly<Record<string, string>> = {
  'not started': 'the router was not started yet',
  'xstate.init': 'it was started',
  'message.waiting': 'a message came',
  'batch.full': 'a batch was full',
  'batch.flush': 'a flush was asked for',
  'batch.failed': 'a batch failed',
  'isolation.finished': 'the poison messages were found',
  'delivery.quieted': 'nothing was due any more',
  'breaker.opened': 'the breaker opened',
  'breaker.closed': 'the breaker closed',
  'call.hung': 'a call of process did not settle',
  'channel.pause': 'an operator paused it',
  'channel.resume': 'an operator resumed it',
  'channel.restart': 'an operator restarted it',
  'channel.reconfigured': 'its configuration was changed',
  'channel.drain': 'it was told to drain',
  'channel.halt': 'the host ended the router',
  'channel.warmed': 'a channel is warm',
  'channel.failed': 'a channel failed',
  'channel.stopped': 'a channel stopped',
  'router.stop': 'the router was stopped',
  constructor: 'its constructor threw',
  crash: 'its statechart crashed',
};
const causesByPart: readonly (readonly [string, string])[] = [
  ['done.actor.warmUp', 'it is warm'],
  ['error.actor.warmUp', 'warmUp failed'],
  ['done.actor.close', 'it is closed'],
  ['error.actor.close', 'close failed'],
  ['after.warmUpTimeout', 'warmUp took too long'],
  ['after.batchAge', 'the oldest message was due'],
  ['after.retryDelay', 'the backoff was over'],
  ['after.coolDown', 'the cool-down was over'],
  ['after.drainDeadline', 'the deadline of the drain passed'],
  ['after.closeDeadline', 'close took too long'],
  ['after.stopDeadline', 'the deadline of the stop passed'],
];

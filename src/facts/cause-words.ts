/** A cause as the statechart knows it, in words. */
export function causeInWords(cause: string): string {
  return causes[cause] ?? causesByPart.find(([part]) => cause.includes(part))?.[1] ?? cause;
}

/** The events of the statecharts in words. */
const causes: Readonly<Record<string, string>> = {
  'not started': 'the router has not started',
  'xstate.init': 'it started',
  'message.waiting': 'a message arrived',
  'batch.full': 'a batch was full',
  'batch.flush': 'a flush was requested',
  'batch.failed': 'a batch failed',
  'isolation.finished': 'the poison messages were found',
  'delivery.quieted': 'nothing more was due',
  'breaker.opened': 'the breaker opened',
  'breaker.closed': 'the breaker closed',
  'call.hung': 'a call of process did not settle',
  'channel.pause': 'an operator paused it',
  'channel.resume': 'an operator resumed it',
  'channel.restart': 'an operator restarted it',
  'channel.reconfigured': 'its configuration was changed',
  'channel.drain': 'the drain began',
  'channel.halt': 'the host stopped the router',
  'channel.warmed': 'a channel warmed up',
  'channel.failed': 'a channel failed',
  'channel.stopped': 'a channel stopped',
  'router.stop': 'the router was stopped',
  constructor: 'its constructor threw',
  crash: 'its statechart crashed',
};
const causesByPart: readonly (readonly [string, string])[] = [
  ['done.actor.warmUp', 'warmUp is done'],
  ['error.actor.warmUp', 'warmUp failed'],
  ['done.actor.close', 'close is done'],
  ['error.actor.close', 'close failed'],
  ['after.warmUpTimeout', 'warmUp took too long'],
  ['after.batchAge', 'the oldest message was due'],
  ['after.retryDelay', 'the backoff ended'],
  ['after.coolDown', 'the cool-down ended'],
  ['after.drainDeadline', 'the deadline of the drain passed'],
  ['after.closeDeadline', 'close took too long'],
  ['after.stopDeadline', 'the deadline of the stop passed'],
];

import { errorText } from '../core/error-text.ts';

/** These only group states: the state inside is the one people know. */
const GROUPS = ['ready', 'serving', 'active'];

/** The name of a state: the inner one of a group, else the outer one. */
export function stateName(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  const [outer = '', inner] = Object.entries(value)[0] ?? [];
  return GROUPS.includes(outer) ? stateName(inner) : outer;
}

/** What led into a state, and what it said. */
export function reasonInWords({ cause, error }: { readonly cause: string; readonly error: unknown }): string {
  const words = causeInWords(cause);
  return error === undefined ? words : `${words}: ${errorText(error)}`;
}

/** A cause as the statechart knows it, in words. `state`: what it led into, which may say more than the event does. */
export function causeInWords(cause: string, state?: string): string {
  const held = state === undefined ? undefined : heldIn[state];
  if (held !== undefined && !held.entersBy.includes(cause)) return held.words;
  return causes.find(([part]) => cause.includes(part))?.[1] ?? cause;
}

/** States that a channel passes on to when any event finds it held up: then what holds it up is the cause. */
const heldIn: Readonly<Record<string, { readonly entersBy: readonly string[]; readonly words: string }>> = {
  paused: { entersBy: ['channel.pause'], words: 'an operator paused it' },
  tripped: { entersBy: ['breaker.opened', 'batch.failed'], words: 'the breaker is still open' },
  retrying: { entersBy: ['batch.failed'], words: 'the next attempt is not due yet' },
};

/** The events of the charts in words, by a part of their names: XState's own end in the place where they occur. */
const causes: readonly (readonly [string, string])[] = [
  ['warmUp.finished', 'warmUp finished'],
  ['warmUp.failed', 'warmUp failed'],
  ['close.finished', 'close finished'],
  ['after.warmUpTimeout', 'warmUp took too long'],
  ['after.batchAge', 'the oldest message had waited long enough'],
  ['after.retryDelay', 'the backoff ended'],
  ['after.coolDown', 'the cool-down ended'],
  ['after.drainDeadline', 'the drain deadline passed'],
  ['after.closeDeadline', 'close took too long'],
  ['after.stopDeadline', 'the stop deadline passed'],
  ['done.actor.start', 'the source was started'],
  ['error.actor.start', 'the source could not be started'],
  ['after.startTimeout', 'the start took too long'],
  ['actor.recover', 'it was closed after a failure'],
  ['after.restartDelay', 'the backoff ended'],
  ['done.actor.release', 'its partitions were given back'],
  ['error.actor.release', 'its partitions could not be given back'],
  ['after.releaseDeadline', 'giving its partitions back took too long'],
  ['not started', 'the router has not started'],
  ['xstate.init', 'it was started'],
  ['message.waiting', 'a message arrived'],
  ['batch.full', 'a batch was full'],
  ['batch.flush', 'a flush was requested'],
  ['batch.failed', 'a batch failed'],
  ['isolation.finished', 'the search for poison messages ended'],
  ['delivery.quieted', 'no more batches were due'],
  ['breaker.opened', 'the breaker opened'],
  ['breaker.closed', 'the breaker closed'],
  ['wait.shortened', 'the wait was shortened'],
  ['call.hung', 'a call of process did not settle'],
  ['channel.pause', 'an operator paused it'],
  ['channel.resume', 'an operator resumed it'],
  ['channel.reconfigured', 'its configuration changed'],
  ['channel.drain', 'the channel is being stopped'],
  ['channel.warmed', 'a channel warmed up'],
  ['channel.failed', 'a channel failed'],
  ['channel.stopped', 'a channel stopped'],
  ['router.stop', 'the router was stopped'],
  ['partition.assigned', 'the source gave it a partition'],
  ['partition.revoked', 'the source wants a partition back'],
  ['partition.ended', 'a partition was given back or lost'],
  ['assignment.changed', 'the members changed'],
  ['done.actor.acquire', 'it was taken'],
  ['done.actor.findPosition', 'its checkpoint was compared with the log'],
  ['done.actor.drain', 'it was drained'],
  ['after.drainBudget', 'the drain took too long'],
  ['ownership.lost', 'another member took it'],
  ['stay.released', 'its owner gave it back'],
  ['log.wentBack', 'the log went back'],
  ['position.chosen', 'an operator said from where to read on'],
  ['window.filled', 'a window was full'],
  ['window.opened', 'a window has room again'],
  ['source.quieted', 'nothing more was to be settled'],
  ['source.failed', 'the source failed'],
  ['.restart', 'an operator restarted it'],
  ['source.drain', 'the source is being stopped'],
  ['.abandon', 'the host stopped the router without a drain'],
  ['source.stopped', 'a source stopped'],
  ['after.connectTimeout', 'the service did not answer when it was connected to'],
  ['after.answerTimeout', 'the service did not answer a login or a subscription'],
  ['after.watch', 'the service was silent and did not answer a ping'],
  ['after.backoff', 'the backoff ended'],
  ['after.rest', 'the hours were looked at'],
  ['feed.started', 'it was started'],
  ['feed.reconnect', 'it was told to connect anew'],
  ['feed.stop', 'the feed was stopped'],
  ['socket.opened', 'the socket is open'],
  ['socket.closed', 'the connection ended'],
  ['login.accepted', 'the service accepted the login'],
  ['login.refused', 'the service refused the login'],
  ['subscription.accepted', 'the service accepted the subscriptions'],
  ['subscription.refused', 'the service refused the subscriptions'],
  ['limit.reached', 'the service says that there is too much of something'],
  ['service.ending', 'the service announced the end of the connection'],
  ['constructor', 'its constructor threw'],
  ['crash', 'its statechart crashed'],
];

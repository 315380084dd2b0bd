/** Why a message was not taken in; the caller still owns it. */
export type RejectReason = 'unknown-type' | 'invalid' | 'mailbox-full' | 'tripped' | 'not-running';

/**
 * What became of a message at the door. `accepted`: the channel answers for it from now on, by delivering it or by
 * counting what else became of it. `rejected`: the caller still owns it.
 */
export type Outcome = { readonly status: 'accepted' } | { readonly status: 'rejected'; readonly reason: RejectReason };

export const ACCEPTED: Outcome = Object.freeze({ status: 'accepted' });

const rejections = new Map<RejectReason, Outcome>();

/** One frozen object per reason: a feed that is refused a million times allocates nothing. */
export function rejected(reason: RejectReason): Outcome {
  let outcome = rejections.get(reason);
  if (outcome === undefined) {
    outcome = Object.freeze({ status: 'rejected', reason });
    rejections.set(reason, outcome);
  }
  return outcome;
}

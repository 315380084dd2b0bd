/** Why a message was not taken in; the caller still owns it. */
export type RejectReason = 'unknown-type' | 'invalid' | 'mailbox-full' | 'tripped' | 'not-running';

/**
 * What became of a message at the door. `accepted`: the channel answers for it from now on, by delivering it or by
 * counting what else became of it. `rejected`: the caller still owns it.
 */
export type Outcome = { readonly status: 'accepted' } | { readonly status: 'rejected'; readonly reason: RejectReason };

export const ACCEPTED: Outcome = Object.freeze({ status: 'accepted' });

/** One frozen object per reason: a feed that is refused a million times allocates nothing. */
export const REJECTED: Readonly<Record<RejectReason, Outcome>> = {
  'unknown-type': Object.freeze({ status: 'rejected', reason: 'unknown-type' }),
  invalid: Object.freeze({ status: 'rejected', reason: 'invalid' }),
  'mailbox-full': Object.freeze({ status: 'rejected', reason: 'mailbox-full' }),
  tripped: Object.freeze({ status: 'rejected', reason: 'tripped' }),
  'not-running': Object.freeze({ status: 'rejected', reason: 'not-running' }),
};

const REASONS = ['unknown-type', 'ignored', 'invalid', 'mailbox-full', 'tripped', 'not-running'] as const;

/** Why a message was not taken in; the caller still owns it. `ignored`: a rule says that nobody wants it. */
export type RejectReason = (typeof REASONS)[number];

/**
 * What became of a message at the door. `accepted`: the channel answers for it from now on, by delivering it or by
 * counting what else became of it. `rejected`: the caller still owns it.
 */
export type Outcome = { readonly status: 'accepted' } | { readonly status: 'rejected'; readonly reason: RejectReason };

export const ACCEPTED: Outcome = Object.freeze({ status: 'accepted' });

/** One frozen object per reason: a feed that is refused a million times allocates nothing. */
export const REJECTED = Object.fromEntries(
  REASONS.map((reason) => [reason, Object.freeze({ status: 'rejected', reason })]),
) as Readonly<Record<RejectReason, Outcome>>;

import type { Origins } from '../core/origin.ts';

/**
 * Tells the origins of messages that their channel has ended; returns the messages that have none, which are the host's.
 * To hand the others to the host as well would bring them twice.
 */
export function handBack(
  messages: readonly unknown[],
  origins: Origins | undefined,
  how: 'returned' | 'unsettled',
): readonly unknown[] {
  if (origins === undefined) return messages;
  for (const origin of origins) origin?.handedBack(how);
  return messages.filter((_, index) => origins[index]?.source === undefined);
}

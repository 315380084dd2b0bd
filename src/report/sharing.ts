import type { ChannelView } from '../channel/partition-view.ts';

/** The other channels of the same data type. */
export function sharersOf(channels: ReadonlyMap<string, ChannelView>, { name, config }: ChannelView): ChannelView[] {
  return [...channels.values()].filter((other) => other.name !== name && other.config.dataType === config.dataType);
}

/** That a channel shares its messages with others, and which of these keep them out now; empty: it has its own. */
export function sharingInWords({ config }: ChannelView, others: readonly ChannelView[]): string {
  if (others.length === 0) return '';
  const names = others.map(({ name }) => name).join(', ');
  const shared = ` It shares the data type ${config.dataType} with ${names}: all of them take a message in, or none.`;
  const full = others.filter(isFull).map(({ name }) => name);
  return full.length === 0 ? shared : `${shared} Messages have to wait for room in ${full.join(', ')}, or are refused.`;
}

function isFull({ config, partitions }: ChannelView): boolean {
  const isHolding = config.overflow === 'reject' || config.overflow === 'conflate';
  return isHolding && partitions.some(({ view }) => view.mailboxSize >= view.capacity);
}

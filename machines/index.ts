export { type ChannelEvent, type ChannelOutput, channelMachine } from './channel.ts';
export { type FeedEvent, feedMachine } from './feed.ts';
export { type RouterEvent, routerMachine } from './router.ts';
export { type SourceEvent, sourceMachine } from './source.ts';

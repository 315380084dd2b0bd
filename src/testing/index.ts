export type { ChannelSource } from '../channel/channel-source.ts';
export {
  type ChannelPath,
  type ChannelPaths,
  type ChannelPathsOptions,
  channelPaths,
  type PathCoverage,
} from './channel-paths.ts';
export { checkSource, type SourceCheck } from './check-source.ts';
export { type Accounts, checkBounds, checkConservation, checkOrder, type OrderRule } from './checkers.ts';
export { type ClusterMember, type MemoryBroker, type MemoryBrokerOptions, memoryBroker } from './memory-broker.ts';
export type { BrokerFaults } from './memory-link.ts';
export { type MemorySource, type MemorySourceOptions, memorySource } from './memory-source.ts';
export type { MessageOutcome } from './message-roll.ts';
export {
  busy,
  fail,
  failOnly,
  failWhen,
  type HeldCall,
  hang,
  hold,
  type Reaction,
  type ReactionCall,
  refuse,
  reject,
  slow,
  succeed,
} from './reactions.ts';
export { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts';
export { type SimulatedExchange, type SimulatedExchangeOptions, simulatedExchange } from './simulated-exchange.ts';
export {
  type SimulatedLetterStore,
  type SimulatedLetterStoreOptions,
  simulatedLetterStore,
} from './simulated-letter-store.ts';
export type { ExchangeFaults } from './simulated-line.ts';
export { type SimulatedSource, type SimulatedSourceOptions, simulatedSource } from './simulated-source.ts';
export { createSink, type Sink, type SinkCall, type SinkOptions } from './sink.ts';
export type { SourceFeature, SourceRig } from './source-rig.ts';
export { type BatchResult, type TestBatchOptions, testBatch } from './test-batch.ts';
export { message, messages, type TestMessage } from './test-messages.ts';
export { createTestRouter, type TestRouter, type TestRouterOptions } from './test-router.ts';

export type { BreakerMetrics, ChannelMetrics, ShareMetrics } from './channel/channel-metrics.ts';
export type { ChannelSource, ChannelSources } from './channel/channel-source.ts';
export {
  type ChannelClass,
  type ChannelDefinition,
  type ChannelWork,
  defineChannel,
} from './channel/define-channel.ts';
export type { SourcePositions } from './channel/positions.ts';
export {
  type AnyChannel,
  type BatchContext,
  type LifeContext,
  ProcessingChannel,
} from './channel/processing-channel.ts';
export type { ConfigChange } from './config/diff.ts';
export type { Reload } from './config/field.ts';
export { type LoadOptions, loadConfig } from './config/load.ts';
export { ConfigError, type ConfigMistake } from './config/mistakes.ts';
export type { ChannelConfig, RouterConfig, RouterConfigInput } from './config/schema.ts';
export type { Clock } from './core/clock.ts';
export type { FeedFacts, FeedGap } from './core/feed-facts.ts';
export type { Gap } from './core/gap-log.ts';
export { type Bucket, type Distribution, distributionBetween } from './core/histogram.ts';
export type { KeptLetter, LetterFilter, LetterStore, NewLetter } from './core/letter-store-port.ts';
export type { Outcome, RejectReason } from './core/outcome.ts';
export type { GapReason } from './core/overflow.ts';
export { partitionOf } from './core/partition-of.ts';
export { createRandom, type Random } from './core/random.ts';
export type { Discriminator, RecognitionRule } from './core/recognition.ts';
export { SluiceError, type SluiceErrorCode } from './core/sluice-error.ts';
export type * from './core/source-port.ts';
export type {
  FeedMetrics,
  FeedReport,
  FeedState,
  FeedView,
  SupervisedFeed,
} from './core/supervised-feed.ts';
export type { Trigger } from './core/trigger.ts';
export type { EventBus } from './facts/bus.ts';
export type { DeadLetter, DeadLetterFilter, DeadLetterReason } from './facts/dead-letters.ts';
export type { Alert, AlertName, RouterBus, RouterEvents, RouterFacts } from './facts/events.ts';
export type { Logger } from './facts/logging.ts';
export { toMermaid } from './inspector/mermaid.ts';
export type { RecorderOptions } from './recorder/flight-recorder.ts';
export type { ChannelInfo, PartitionInfo } from './report/channel-info.ts';
export type { ChannelReport, DrainReport, SourceReport } from './report/drain-report.ts';
export type { Explanation } from './report/explain.ts';
export type { FeedLimits } from './report/feed-findings.ts';
export type { FeedReading } from './report/feed-info.ts';
export type { ChannelHealth, HealthStatus, RouterHealth } from './report/health.ts';
export type { LetterCounts, RouterMetrics } from './report/metrics.ts';
export type { SourceInfo, SourcePartitionInfo } from './report/source-info.ts';
export type { SourceMetrics } from './report/source-metrics.ts';
export type { ConsumeCount } from './router/consume.ts';
export {
  type CreateRouterOptions,
  createRouter,
  createRouterLogic,
  type Emitted,
  routerOf,
} from './router/create-router.ts';
export type { DeadLetterDesk, ReplayOptions, ReplayReport } from './router/dead-letter-desk.ts';
export type { DeliveryOutcome, DeliveryOutcomeOf } from './router/deliver.ts';
export type { FeedDesk } from './router/feed-desk.ts';
export type { IntakeCount, Refused, RouteAllReport } from './router/intake.ts';
export type { OfferOptions, RouteOptions } from './router/offer-options.ts';
export type { WatchOptions } from './router/reload.ts';
export { DataChannelRouter } from './router/router.ts';
export type { ChannelInput, KnownConfig, RecognizeOptions, RouterOptions } from './router/router-options.ts';
export type { StopOptions } from './router/shutdown.ts';
export type { DeadLetterOptions, SourceInputs, SourceOptions } from './router/sources.ts';
export type { WindowLimits } from './source/read-window.ts';

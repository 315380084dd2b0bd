import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codeOf, projectRoot, textOf } from '../../support/project-files.ts';

const manifest = JSON.parse(textOf('package.json'));

/** What `src/index.ts` promises to users; a change here is a change of the public interface, and belongs in CHANGELOG.md. */
const publicNames: readonly string[] = [
  'Alert',
  'AlertName',
  'AnyChannel',
  'Assigned',
  'BatchContext',
  'BreakerMetrics',
  'Bucket',
  'ChannelClass',
  'ChannelConfig',
  'ChannelDefinition',
  'ChannelHealth',
  'ChannelInfo',
  'ChannelInput',
  'ChannelMetrics',
  'ChannelReport',
  'ChannelSource',
  'ChannelSources',
  'ChannelWork',
  'Clock',
  'CommitOutcome',
  'ConfigChange',
  'ConfigError',
  'ConfigMistake',
  'ConsumeCount',
  'CreateRouterOptions',
  'DataChannelRouter',
  'DeadLetter',
  'DeadLetterDesk',
  'DeadLetterFilter',
  'DeadLetterOptions',
  'DeadLetterReason',
  'DeliveryOutcome',
  'DeliveryOutcomeOf',
  'Distribution',
  'Discriminator',
  'DrainReport',
  'Emitted',
  'EventBus',
  'Explanation',
  'FeedDesk',
  'FeedFacts',
  'FeedGap',
  'FeedLimits',
  'FeedMetrics',
  'FeedReading',
  'FeedReport',
  'FeedState',
  'FeedView',
  'Frame',
  'Gap',
  'GapReason',
  'HealthStatus',
  'IntakeCount',
  'KeptLetter',
  'KnownConfig',
  'LetterCounts',
  'LetterFilter',
  'LetterStore',
  'LifeContext',
  'LoadOptions',
  'Logger',
  'MessagePlace',
  'NewLetter',
  'OfferOptions',
  'Outcome',
  'PartitionInfo',
  'ProcessingChannel',
  'Random',
  'ReadRoom',
  'RecognitionRule',
  'RecognizeOptions',
  'RecorderOptions',
  'Refused',
  'RejectReason',
  'Reload',
  'ReplayOptions',
  'ReplayReport',
  'RouteAllReport',
  'RouteOptions',
  'RouterBus',
  'RouterConfig',
  'RouterConfigInput',
  'RouterEvents',
  'RouterFacts',
  'RouterHealth',
  'RouterMetrics',
  'RouterOptions',
  'ShareMetrics',
  'SluiceError',
  'SluiceErrorCode',
  'Source',
  'SourceInfo',
  'SourceInputs',
  'SourceMetrics',
  'SourceOptions',
  'SourceOwner',
  'SourcePartitionInfo',
  'SourcePositions',
  'SourceReport',
  'StopOptions',
  'SupervisedFeed',
  'Trigger',
  'WatchOptions',
  'WindowLimits',
  'createRandom',
  'createRouter',
  'createRouterLogic',
  'defineChannel',
  'distributionBetween',
  'loadConfig',
  'partitionOf',
  'routerOf',
  'toMermaid',
];

/** The same of `sluice/testing`. */
const testingNames: readonly string[] = [
  'Accounts',
  'BatchResult',
  'BrokerFaults',
  'ChannelPath',
  'ChannelPaths',
  'ChannelPathsOptions',
  'ChannelSource',
  'ClusterMember',
  'ExchangeFaults',
  'HeldCall',
  'MemoryBroker',
  'MemoryBrokerOptions',
  'MemorySource',
  'MemorySourceOptions',
  'MessageOutcome',
  'OrderRule',
  'PathCoverage',
  'Reaction',
  'ReactionCall',
  'SimulatedClock',
  'SimulatedLetterStore',
  'SimulatedLetterStoreOptions',
  'SimulatedExchange',
  'SimulatedExchangeOptions',
  'SimulatedSource',
  'SimulatedSourceOptions',
  'Sink',
  'SinkCall',
  'SinkOptions',
  'SourceCheck',
  'SourceFeature',
  'SourceRig',
  'TestBatchOptions',
  'TestMessage',
  'TestRouter',
  'TestRouterOptions',
  'busy',
  'channelPaths',
  'checkBounds',
  'checkConservation',
  'checkOrder',
  'checkSource',
  'createSimulatedClock',
  'createSink',
  'createTestRouter',
  'fail',
  'failOnly',
  'failWhen',
  'hang',
  'hold',
  'memoryBroker',
  'memorySource',
  'message',
  'messages',
  'refuse',
  'reject',
  'simulatedLetterStore',
  'simulatedExchange',
  'simulatedSource',
  'slow',
  'succeed',
  'testBatch',
];

/** The names a module exports: from `export { a, type B as C }` and from declarations. */
function exportsOf(source: string): string[] {
  const code = codeOf(source);
  const lists = [...code.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = '']) => list.split(','));
  const listed = lists.map((item) =>
    item
      .trim()
      .replace(/^type /, '')
      .replace(/^.* as /, ''),
  );
  const declared = [
    ...code.matchAll(/^export (?:declare |abstract |async )*(?:const|function|class|interface|type) (\w+)/gm),
  ];
  return [...listed.filter((name) => name !== ''), ...declared.map(([, name = '']) => name)].sort();
}

function pathsIn(value: unknown): string[] {
  return typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(pathsIn);
}

it('the public names are exactly those written down', () => {
  expect(exportsOf(textOf('src/index.ts'))).toEqual([...publicNames].sort());
  expect(exportsOf(textOf('src/testing/index.ts'))).toEqual([...testingNames].sort());
});

it('names are found in every form of export', () => {
  const source =
    "export { a, type B as C } from './x.ts';\nexport type { D } from './y.ts';\nexport abstract class E {}\nexport const f = 1;";
  expect(exportsOf(source)).toEqual(['C', 'D', 'E', 'a', 'f']);
});

it.each(pathsIn([manifest.exports, manifest.bin]))('the build makes %s', (path) => {
  const source = path.replace(/^(?:\.\/)?dist\//, '').replace(/\.(?:d\.ts|js)$/, '.ts');
  expect(existsSync(join(projectRoot, source))).toBe(true);
});

it('everything that is packed is there', () => {
  const named = manifest.files.filter((path: string) => path !== 'dist' && !path.startsWith('!'));
  const missing = named.filter((path: string) => !existsSync(join(projectRoot, path)));
  expect(missing).toEqual([]);
});

it('what the README links to is packed', () => {
  const packed = ['LICENSE', ...manifest.files];
  const links = [...textOf('README.md').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
  const isPacked = (link: string) => packed.some((path) => link === path || link.startsWith(`${path}/`));
  expect(links).toContain('docs/images/inspector-tripped.png');
  expect(links.filter((link) => !isPacked(link) || packed.includes(`!${link}`))).toEqual([]);
});

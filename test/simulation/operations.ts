import type { DeadLetterFilter, RouterConfigInput } from '../../src/index.ts';
import type { ChannelInput } from './channel-configs.ts';
import { checkReport } from './laws-of-the-end.ts';
import type { Operation } from './plan.ts';
import { Stream } from './streams.ts';
import { eventTypes, type World } from './world.ts';

type Of<Kind extends Operation['kind']> = Extract<Operation, { readonly kind: Kind }>;

/** Does one operation of a plan. What it brings about later, the world notes when it happens. */
export function perform(world: World, operation: Operation): void {
  const { router, record } = world;
  switch (operation.kind) {
    case 'burst':
      return burst(world, operation);
    case 'offer':
      return offer(world, operation);
    case 'garbage':
      for (let count = 0; count < operation.count; count += 1) world.route('nobody', 1, null);
      return;
    case 'sink':
      Object.assign(world.sink(operation.channel), { mode: operation.mode, since: world.clock.now() });
      // A flood feeds itself once it has begun.
      if (operation.mode.kind === 'busy' && operation.mode.refill > 0) world.route(operation.channel, 3, null);
      return;
    case 'crash':
      world.sink(operation.channel).crashes.set(operation.place, operation.times);
      return;
    case 'pause':
    case 'resume':
    case 'flush':
    case 'trip':
    case 'reset':
    case 'restart':
      return operate(world, operation);
    case 'reload':
      return reload(world, operation);
    case 'reload-broken':
      record.struck('broken configuration');
      return promise(world, 'reload', router.reconfigure({ channels: { nobody: {} } }));
    case 'add':
      return add(world, operation);
    case 'remove':
      return remove(world, operation);
    case 'callbacks':
      world.throwing[operation.whose] = operation.throws;
      return;
    case 'jump':
      record.struck('clock jumped');
      world.clock.jump(operation.ms);
      world.jumpedAt = world.clock.now();
      return;
    case 'replay':
      return replay(world, operation);
    case 'inside':
      world.inside.set(operation.place, [...(world.inside.get(operation.place) ?? []), operation.operation]);
      return;
    case 'stream':
      return stream(world, operation);
    case 'frames':
      return frames(world, operation);
    case 'revoke':
    case 'lose':
      return takePartition(world, operation);
    case 'source-fails':
    case 'store-fails':
      return failOutside(world, operation);
    case 'kill':
      // Between two steps, by the run.
      return;
    case 'stop':
      record.struck('stopped from inside');
      return void world.stop(operation.deadlineMs).catch(() => {});
  }
}

/** Each millisecond of the shape brings its messages, whatever else happens meanwhile. */
function burst(world: World, { channel, shape, keys, mark, markEvery }: Of<'burst'>): void {
  const startedAt = world.clock.now();
  let sent = 0;
  for (const [ms, count] of shape.entries()) {
    if (count === 0) continue;
    const send = (): void => {
      for (let left = count; left > 0; left -= 1) {
        sent += 1;
        world.route(channel, keys, sent % markEvery === 0 ? mark : null);
      }
      // Priority 1 is processed inside `route`: a feed that is behind its time keeps everything else waiting by itself.
      const isInside = world.account(channel).config.priority === 1;
      if (isInside && world.clock.now() > startedAt + ms) world.feedLateAt = world.clock.now();
    };
    if (ms === 0) send();
    else world.clock.setTimeout(send, ms);
  }
}

function offer(world: World, { channel, count, abortAfterMs }: Of<'offer'>): void {
  const account = world.account(channel);
  for (let left = count; left > 0; left -= 1) {
    const abort = new AbortController();
    const message = world.message(channel, 3, null);
    const asked = world.router.offer(message, { dataType: world.dataTypeOf(channel), signal: abort.signal });
    const answered = asked.then(
      (outcome) => world.answered(account, message, outcome),
      (error: unknown) => {
        if (!abort.signal.aborted) throw error;
        world.record.struck('offer aborted');
      },
    );
    promise(world, 'offer', answered);
    if (abortAfterMs !== null) world.clock.setTimeout(() => abort.abort(new Error('no patience left')), abortAfterMs);
  }
}

function stream(world: World, { how, count, everyMs }: Of<'stream'>): void {
  world.record.struck(how);
  const made = new Stream(world, count, everyMs);
  world.streams.add(made);
  const done = how === 'consume' ? made.consume() : made.write();
  promise(
    world,
    'stream',
    done.finally(() => world.streams.delete(made)),
  );
}

function frames({ outside, clock }: World, { partition, channel, sizes, mark, markEvery }: Of<'frames'>): void {
  let sent = 0;
  for (const size of sizes) {
    const messages = Array.from({ length: size }, () => {
      sent += 1;
      const sym = `S${partition}.${(sent + Math.floor(clock.now())) % 3}`;
      return { ev: eventTypes[channel] ?? '', sym, mark: sent % markEvery === 0 ? mark : null };
    });
    outside?.append(partition, messages);
  }
}

function takePartition(world: World, operation: Of<'revoke' | 'lose'>): void {
  const { outside, record } = world;
  if (outside === undefined) return;
  record.struck(`partition: ${operation.kind}`);
  const { source } = outside;
  const { partition } = operation;
  const free = (): void => {
    if (!world.isDead) source.assign(partition);
  };
  if (operation.kind === 'revoke')
    return promise(world, 'revoke', source.revoke(partition, operation.withinMs).then(free));
  source.lose(partition);
  free();
}

function failOutside({ clock, outside, record }: World, operation: Of<'source-fails' | 'store-fails'>): void {
  record.struck(operation.kind);
  if (operation.kind === 'store-fails') {
    outside?.store?.failWith(new Error('the disk is full'));
    return void clock.setTimeout(() => outside?.store?.failWith(undefined), operation.forMs);
  }
  if (operation.how === 'reads') outside?.source.failReads(new Error('the source cannot be read'));
  else outside?.source.failCommits('unknown');
  clock.setTimeout(() => {
    outside?.source.failReads(undefined);
    outside?.source.failCommits(undefined);
  }, operation.forMs);
}

/** What is there to be operated. */
function operate(
  { router, record }: World,
  { kind, channel }: Of<'pause' | 'resume' | 'flush' | 'trip' | 'reset' | 'restart'>,
): void {
  const names = channel === null ? [...router.channels.keys()] : [channel];
  for (const name of names) {
    if (!router.channels.has(name)) continue;
    if ((kind === 'trip' || kind === 'reset') && router.config.channels[name]?.breaker === false) continue;
    record.struck(`${kind} by hand`);
    router[kind](name);
  }
}

function reload(world: World, { channel, change }: Of<'reload'>): void {
  if (world.plan.overrides !== undefined) return readAgain(world, channel, change);
  const { channels } = world.router.config;
  const before = channels[channel];
  if (before === undefined) return;
  const after = { ...before, ...change };
  if ((after.capacity ?? 0) < (after.batchSize ?? 0)) Object.assign(after, { capacity: after.batchSize });
  // The configuration in force is one as it may be written.
  const config = { ...world.router.config, channels: { ...channels, [channel]: after } } as RouterConfigInput;
  promise(world, 'reload', world.router.reconfigure(config));
}

/** A file is written anew and read, under what code says. It also names a channel that code added. */
function readAgain(world: World, channel: string, change: ChannelInput): void {
  const after = { ...world.file.channels?.[channel], ...change };
  if ((after.capacity ?? 0) < (after.batchSize ?? 0)) Object.assign(after, { capacity: after.batchSize });
  world.file = { ...world.file, channels: { ...world.file.channels, [channel]: after } };
  const extra = world.router.channels.has('extra') ? { extra: change } : {};
  const file = { ...world.file, channels: { ...world.file.channels, ...extra } };
  world.record.struck('file read');
  promise(world, 'reload', (async () => world.router.reconfigure(world.written(file)))());
}

function add(world: World, { channel, config }: Of<'add'>): void {
  if (world.router.channels.has(channel)) return;
  try {
    world.router.add(channel, () => world.instance(channel), config);
    world.opened(channel);
    world.record.struck('channel added');
  } catch (error) {
    world.record.log(`add: ${String(error)}`);
  }
}

function remove(world: World, { channel, deadlineMs }: Of<'remove'>): void {
  const { router, record } = world;
  if (!router.channels.has(channel)) return;
  record.struck('channel removed');
  const account = world.account(channel);
  const removed = router.remove(channel, { deadlineMs }).then((report) => {
    // Nobody outside hears any more of a process that was killed.
    if (account.isGone || world.isDead) return;
    account.isGone = true;
    record.check('report of remove', checkReport(world, account, report));
  });
  promise(world, 'remove', removed);
}

function replay(world: World, { channel }: Of<'replay'>): void {
  promise(world, 'replay', replayIfAny(world, { ...(channel !== null && { channel }), limit: 5 }));
}

async function replayIfAny({ accounts, outside, record, router }: World, filter: DeadLetterFilter): Promise<void> {
  if ((await router.deadLetters.list(filter)).length === 0) return;
  record.struck('dead letters replayed');
  outside?.lettersReplayed();
  // Where a replayed letter goes is decided when its turn comes; nobody outside is told.
  for (const account of accounts.values()) account.hasReplays = true;
  await router.deadLetters.replay(filter);
}

/** Remembers that the router owes an answer; refusals are answers. */
function promise(world: World, what: string, answer: Promise<unknown>): void {
  if (world.isDead) return;
  const owe = (count: number): void => void world.promised.set(what, (world.promised.get(what) ?? 0) + count);
  owe(1);
  answer
    .catch((error: unknown) => world.record.log(`${what} refused: ${error instanceof Error ? error.message : error}`))
    .finally(() => owe(-1));
}

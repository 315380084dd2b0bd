import type { Open, Process } from './contestant.ts';

type Guard = (process: Process) => Process;

/** Loaded one by one, so that a contestant never runs beside the code of another. */
const peers: Readonly<Record<string, () => Promise<{ readonly open: Open }>>> = {
  bare: () => import('./contestants/bare.ts'),
  hand: () => import('./contestants/hand.ts'),
  'hand-yielding': () => import('./contestants/hand-yielding.ts'),
  fastq: () => import('./contestants/fastq.ts'),
  'fastq-promise': () => import('./contestants/fastq-promise.ts'),
  'p-queue': () => import('./contestants/p-queue.ts'),
  'p-queue-yielding': () => import('./contestants/p-queue-yielding.ts'),
  writable: () => import('./contestants/writable.ts'),
  writev: () => import('./contestants/writev.ts'),
  effect: () => import('./contestants/effect.ts'),
  'effect-loop': () => import('./contestants/effect-loop.ts'),
  rxjs: () => import('./contestants/rxjs.ts'),
  xstate: () => import('./contestants/xstate.ts'),
  ideal: () => import('./contestants/ideal.ts'),
  sluice: () => import('./contestants/sluice.ts'),
};

const guards: Readonly<Record<string, () => Promise<{ readonly guard: Guard }>>> = {
  hand: () => import('./guards/hand.ts'),
  cockatiel: () => import('./guards/cockatiel.ts'),
  'cockatiel-breaker': () => import('./guards/cockatiel-breaker.ts'),
  opossum: () => import('./guards/opossum.ts'),
};

/** How one takes part in a case. */
export async function loadPeer(name: string): Promise<Open> {
  const load = peers[name];
  if (load === undefined) throw new Error(`no contestant '${name}'; there is ${Object.keys(peers).join(', ')}`);
  return (await load()).open;
}

/** A contestant whose `process` is guarded; `peer+guard`, and without a guard's name that of cockatiel. */
export async function loadGuarded(name: string): Promise<Open> {
  if (name === 'sluice') return (await import('./contestants/sluice-guarded.ts')).open;
  const [peer = '', guardName = peer === 'hand' ? 'hand' : 'cockatiel'] = name.split('+');
  const load = guards[guardName];
  if (load === undefined) throw new Error(`no guard '${guardName}'; there is ${Object.keys(guards).join(', ')}`);
  const { guard } = await load();
  const open = await loadPeer(peer);
  return (lanes) => open(lanes.map((lane) => ({ ...lane, process: guard(lane.process) })));
}

/** What the names stand for. */
export const contestantTitles: Readonly<Record<string, string>> = {
  floor: 'floor: the same batches, split beforehand',
  bare: 'bare array loop, the limit',
  ideal: 'ideal scheduler: priority first, yields per batch',
  hand: 'hand-written bounded batcher',
  'hand-yielding': 'hand-written, yields per batch',
  'hand+cockatiel': 'hand-written + cockatiel',
  'hand+cockatiel-breaker': 'hand-written + cockatiel’s breaker',
  'hand+opossum': 'hand-written + opossum',
  fastq: 'fastq, callbacks',
  'fastq-promise': 'fastq, promises',
  'p-queue': 'p-queue',
  'p-queue-yielding': 'p-queue, yields per task',
  writable: 'Node Writable',
  writev: 'Node Writable, writev (no window)',
  effect: 'Effect groupedWithin',
  'effect-loop': 'Effect queue loop (no window)',
  rxjs: 'RxJS bufferTime',
  xstate: 'XState, a transition per message',
  sluice: 'sluice',
  parse: 'JSON.parse of the lines alone',
  read: 'reading the gzipped file and parsing, no routing',
  'sluice/async': 'sluice, async handler',
  'sluice/no-failures': 'sluice, nothing fails',
  'sluice/file': 'sluice, from the gzipped file',
  'sluice/1000': 'sluice, 1,000 channels',
  'sluice/3000': 'sluice, 3,000 channels',
  'sluice/no-histograms': 'sluice without histograms',
  'sluice/metrics-read': 'sluice, metrics read ten times a second',
  'sluice/batch-listener': 'sluice, a listener on every batch',
  'sluice/every-event': 'sluice, a listener on every event',
  'sluice/inspector': 'sluice, an XState inspector',
  'sluice/page-closed': 'sluice, the page of sluice/inspector, nobody watches',
  'sluice/page-open': 'sluice, the page, one watches',
};

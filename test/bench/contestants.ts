import type { Open } from './contestant.ts';

/** Loaded one by one, so that a contestant never runs beside the code of another. */
const peers: Readonly<Record<string, () => Promise<Open>>> = {
  bare: async () => (await import('./contestants/bare.ts')).open,
  hand: async () => (await import('./contestants/hand.ts')).open,
  fastq: async () => (await import('./contestants/fastq.ts')).open,
  'p-queue': async () => (await import('./contestants/p-queue.ts')).open,
  writable: async () => (await import('./contestants/writable.ts')).open,
  effect: async () => (await import('./contestants/effect.ts')).open,
  rxjs: async () => (await import('./contestants/rxjs.ts')).open,
  ideal: async () => (await import('./contestants/ideal.ts')).open,
  sluice: () => sluiceOf(undefined),
  'sluice-zod': () => sluiceOf(undefined, {}, true),
};

/** How a contestant takes part in a case; a name such as `sluice (DIR)` is the build in `against`. */
export async function loadPeer(name: string, against?: string): Promise<Open> {
  if (name.startsWith('sluice (')) return sluiceOf(against);
  const load = peers[name];
  if (load === undefined) throw new Error(`no contestant '${name}'; there is ${Object.keys(peers).join(', ')}`);
  return load();
}

/** A contestant whose `process` is guarded: `peer+guard`, by default by cockatiel; sluice guards itself. */
export async function loadGuarded(name: string, against?: string): Promise<Open> {
  // A failed batch comes again at once, as with every other contestant.
  if (name.startsWith('sluice')) return sluiceOf(name === 'sluice' ? undefined : against, { retry: { delayMs: 0 } });
  const [peer = '', guardName = peer === 'hand' ? 'hand' : 'cockatiel'] = name.split('+');
  const { guards } = await import('./contestants/guards.ts');
  const load = guards[guardName];
  if (load === undefined) throw new Error(`no guard '${guardName}'; there is ${Object.keys(guards).join(', ')}`);
  const guard = await load();
  const open = await loadPeer(peer);
  return (lanes) => open(lanes.map((lane) => ({ ...lane, process: guard(lane.process) })));
}

async function sluiceOf(directory: string | undefined, channel = {}, isChecked = false): Promise<Open> {
  const { loadBuild, openSluice } = await import('./contestants/sluice.ts');
  return openSluice(await loadBuild(directory), channel, isChecked);
}

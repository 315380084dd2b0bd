const VERSION_MIN = 7;

/** What is wrong with a server, by its answer to `INFO`: what it says it has must be there after a restart. */
export function mistakesInServer(info: string): { readonly isWritable: boolean; readonly mistakes: string[] } {
  const fields = new Map(info.split(/\r?\n/).map((line) => [line.split(':', 1)[0] ?? '', line]));
  const field = (name: string): string => fields.get(name)?.slice(name.length + 1) ?? 'unknown';
  const isWritable = field('role') === 'master';
  const major = Number.parseInt(field('redis_version'), 10);
  const leader = `${field('master_host')}:${field('master_port')}`;
  const checks: readonly (readonly [isRight: boolean, mistake: string])[] = [
    [major >= VERSION_MIN, `redis_version is ${field('redis_version')} and must be ${VERSION_MIN}.0 or newer`],
    [isWritable, `it is a replica, which cannot be written: connect to its leader, ${leader}`],
    [
      field('aof_enabled') === '1',
      'appendonly is no and must be yes: a restart would lose frames and checkpoints that were acknowledged',
    ],
    [field('aof_last_write_status') !== 'err', 'the last write of the append-only file failed: is its disk full?'],
    [
      field('maxmemory_policy') === 'noeviction',
      `maxmemory-policy is ${field('maxmemory_policy')} and must be noeviction: Redis would remove frames and leases`,
    ],
  ];
  return { isWritable, mistakes: checks.flatMap(([isRight, mistake]) => (isRight ? [] : [mistake])) };
}

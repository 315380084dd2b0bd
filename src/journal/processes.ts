import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, told apart from a later one with the same number. */
export interface ProcessName {
  readonly host: string;
  readonly pid: number;
  /** When it began, on which boot of the machine; null: this system does not say. */
  readonly birth: string | null;
}

/** Which processes there are. */
export interface ProcessTable {
  readonly self: ProcessName;
  /** Undefined: it cannot be known from here. */
  isAlive(process: ProcessName): boolean | undefined;
}

/** The processes of this machine, as far as this process sees them: a container has a host name and numbers of its own. */
export function systemProcesses(): ProcessTable {
  const host = hostname();
  return {
    self: { host, pid: process.pid, birth: birthOf(process.pid) },
    isAlive(other) {
      if (other.host !== host) return undefined;
      const birth = exists(other.pid) ? birthOf(other.pid) : ENDED;
      if (birth === ENDED) return false;
      return birth === null || other.birth === null ? undefined : birth === other.birth;
    },
  };
}

/** Stands for the birth of a process that is no more. */
const ENDED = 'ended';

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function birthOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // From the third field on; the second is a name in brackets that may contain anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    const { 0: state, 17: threads, 19: ticks } = stat;
    // It is listed until its parent asks for it, which the first process of a container may never do.
    return state === 'Z' && Number(threads) <= 1 ? ENDED : `${boot}/${ticks}`;
  } catch {
    return null;
  }
}

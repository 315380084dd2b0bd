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
      if (!exists(other.pid)) return false;
      const birth = birthOf(other.pid);
      return birth === null || other.birth === null ? undefined : birth === other.birth;
    },
  };
}

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
    // The 22nd field; the second is a name in brackets that may contain anything.
    const ticks = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[19];
    return `${boot}/${ticks}`;
  } catch {
    return null;
  }
}

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
      if (!exists(other.pid) || hasEnded(other.pid)) return false;
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
    return `${boot}/${fieldsOf(pid)[19]}`;
  } catch {
    return null;
  }
}

/** It has ended with all its threads, and is listed until its parent asks, which some first processes of containers never do. */
function hasEnded(pid: number): boolean {
  try {
    const { 0: state, 17: threads } = fieldsOf(pid);
    return state === 'Z' && Number(threads) <= 1;
  } catch {
    return false;
  }
}

/** What Linux says of a process, from the third field on: the second is a name in brackets that may contain anything. */
function fieldsOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
}

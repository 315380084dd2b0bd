import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';

const PEERS = ['fastq', 'p-queue', 'rxjs', 'effect', 'cockatiel', 'opossum', 'xstate'];

/** Where and with what the numbers were made, as lines of a list. */
export function environmentLines(rounds: number, date: Date): readonly string[] {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return [
    `- Date: ${date.toISOString().slice(0, 10)}`,
    `- Machine: ${cpu?.model ?? 'unknown processor'}, ${cpus().length} cores, ${gigabytes} GB, ${platform()} ${release()} ${arch()}`,
    `- Node ${process.versions.node} (V8 ${process.versions.v8})`,
    `- Peers: ${PEERS.map((name) => `${name} ${versionOf(name)}`).join(', ')}`,
    `- Command: \`npm run bench -- --rounds ${rounds}\``,
  ];
}

/** By path, because some packages do not export their package.json. */
function versionOf(name: string): string {
  return JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
}

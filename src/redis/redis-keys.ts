/** The keys of a channel. The braces keep them on one server of a Redis Cluster, where scripts can see them all. */
export class RedisKeys {
  /** Names the streams: those of another channel of the same name, made after this one was removed, have another. */
  log = '';
  /** What the channel was made with. */
  readonly made: string;
  readonly cells: string;
  readonly letters: string;

  constructor(channel: string) {
    this.made = `sluice:{${channel}}`;
    this.cells = `${this.made}:cells`;
    this.letters = `${this.made}:letters`;
  }

  stream(partition: number): string {
    return `${this.made}:${this.log}:${partition}`;
  }

  /** Where the stream ended, and how many bytes it had, when a script wrote last; how many of them were removed. */
  end(partition: number): string {
    return `${this.stream(partition)}:end`;
  }

  /** The number of the last frame of a publisher after which another one wrote; it goes an hour after that. */
  producer(partition: number, producer: string): string {
    return `${this.stream(partition)}:by:${producer}`;
  }
}

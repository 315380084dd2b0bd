/** The keys of a channel. The braces keep them on one server of a Redis Cluster, where scripts can see them all. */
export class RedisKeys {
  /** In all keys but the first: those of another channel of the same name, made after this one was removed, have another. */
  readonly log: string;
  /** What the channel was made with. */
  readonly made: string;
  readonly letters: string;

  constructor(channel: string, log = '') {
    this.log = log;
    this.made = `sluice:{${channel}}`;
    this.letters = `${this.made}:letters`;
  }

  get cells(): string {
    return `${this.made}:${this.log}:cells`;
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

/** The keys of a channel. The braces keep them on one server of a Redis Cluster, where scripts can see them all. */
export class RedisKeys {
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
    return `${this.made}:${partition}`;
  }

  /** Where the stream ends, and how many bytes it has. */
  end(partition: number): string {
    return `${this.stream(partition)}:end`;
  }

  /** The number of the last frame of a publisher after which another one wrote; it goes an hour after that. */
  producer(partition: number, producer: string): string {
    return `${this.stream(partition)}:by:${producer}`;
  }
}

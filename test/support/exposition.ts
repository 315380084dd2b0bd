import parse from 'parse-prometheus-text-format';

/** A sample as the independent parser reads it. */
export interface ParsedSample {
  readonly name: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Every sample of a text in Prometheus' format, as parse-prometheus-text-format reads it. */
export function parsed(text: string): ParsedSample[] {
  // The parser puts the histograms of all channels into one and loses their labels: it gets them as bare samples.
  const bare = text.replaceAll(/^(# TYPE \S+) histogram$/gm, '$1 untyped');
  return parse(bare).flatMap(({ name, type, metrics }) =>
    metrics.map(({ labels = {}, value }) => ({ name, type, labels, value: Number(value) })),
  );
}

/** The values of a metric whose labels include these, added up; throws when there is none. */
export function valueIn(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const values = parsed(text).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (values.length === 0) throw new Error(`no ${name} ${JSON.stringify(labels)} in\n${text}`);
  return values.reduce((sum, { value }) => sum + value, 0);
}

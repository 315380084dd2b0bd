import * as yaml from 'yaml';
import type { Path } from './walk.ts';

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

/** What a node says once its aliases are filled in: its value, how many values that holds, and how deep. */
interface Filled {
  readonly value: unknown;
  readonly size: number;
  readonly depth: number;
}

/**
 * The values of a document and where they are written. What an alias or a `<<` brings in stands where its anchor is.
 * The library needs a pass over all aliases for each alias, and counts uses where only what they come to matters.
 */
export class YamlNodes {
  /** Aliases and merge keys that mean nothing, and why. */
  readonly wrong: (readonly [node: yaml.Node, why: string])[] = [];
  readonly #contents: unknown;
  readonly #targets = new Map<yaml.Alias, yaml.Node>();
  /** Each map by name, made once: thousands of mistakes may ask for thousands of keys. */
  readonly #entries = new Map<yaml.YAMLMap, ReadonlyMap<string, Entry>>();
  readonly #filled = new Map<unknown, Filled>();

  constructor(document: yaml.Document) {
    this.#contents = document.contents;
    const anchors = new Map<string, yaml.Node>();
    yaml.visit(document, {
      Node: (_, node, above) => {
        if (yaml.isAlias(node)) this.#aim(node, anchors.get(node.source), above);
        else if (node.anchor !== undefined) anchors.set(node.anchor, node);
      },
    });
    yaml.visit(document, { Pair: (_, { key, value }) => this.#checkMerge(key, value) });
  }

  /** The whole document. An anchor is filled in before its aliases, so that this does not go deeper than the text. */
  filled(): Filled {
    return this.#fill(this.#contents);
  }

  /** The offset of the nearest node that there is. */
  startOf(path: Path, at: 'key' | 'value'): number {
    let found: Entry = { key: this.#contents, value: this.#contents };
    for (const name of path) {
      const entry = this.#entryOf(this.#resolved(found.value), name);
      if (entry === undefined) break;
      found = entry;
    }
    return at === 'value' && yaml.isNode(found.value) ? startOf(found.value) : startOf(found.key);
  }

  #aim(alias: yaml.Alias, target: yaml.Node | undefined, above: readonly unknown[]): void {
    if (target === undefined) this.wrong.push([alias, `no anchor &${alias.source} stands before this alias`]);
    else if (above.includes(target)) this.wrong.push([alias, `*${alias.source} stands inside its own anchor`]);
    else this.#targets.set(alias, target);
  }

  #checkMerge(key: unknown, value: unknown): void {
    if (!isMergeKey(key) || this.wrong.length > 0) return;
    if (!this.#basesOf(value).every(yaml.isMap))
      this.wrong.push([key, '<< takes a map, an alias of a map, or a list of them']);
  }

  #fill(node: unknown): Filled {
    const known = this.#filled.get(node);
    if (known !== undefined) return known;
    const made = this.#make(node);
    if (yaml.isNode(node)) this.#filled.set(node, made);
    return made;
  }

  #make(node: unknown): Filled {
    if (yaml.isAlias(node)) return this.#fill(this.#targets.get(node));
    if (yaml.isMap(node)) {
      const entries = [...this.#entriesOf(node)].map(([name, { value }]) => [name, this.#fill(value)] as const);
      const value = Object.fromEntries(entries.map(([name, filled]) => [name, filled.value]));
      const parts = entries.map(([, filled]) => filled);
      return around(value, parts);
    }
    if (yaml.isSeq(node)) {
      const items = node.items.map((item) => this.#fill(item));
      const value = items.map((item) => item.value);
      return around(value, items);
    }
    return { value: yaml.isScalar(node) ? node.value : null, size: 1, depth: 0 };
  }

  #entryOf(node: unknown, name: string): Entry | undefined {
    if (yaml.isMap(node)) return this.#entriesOf(node).get(name);
    const item = yaml.isSeq(node) ? node.items[Number(name)] : undefined;
    return item === undefined ? undefined : { key: item, value: item };
  }

  /** Of a key that is written twice the last, as in the value; a key of the map itself wins over a merged one. */
  #entriesOf(map: yaml.YAMLMap): ReadonlyMap<string, Entry> {
    const known = this.#entries.get(map);
    if (known !== undefined) return known;
    const pairs = map.items.filter(({ key }) => !isMergeKey(key));
    const own = pairs.map(({ key, value }): [string, Entry] => [keyText(key), { key, value }]);
    const bases = map.items.filter(({ key }) => isMergeKey(key)).flatMap(({ value }) => this.#basesOf(value));
    // Of several bases the first wins.
    const inherited = bases.toReversed().flatMap((base) => [...this.#entriesOf(base)]);
    const entries = new Map([...inherited, ...own]);
    this.#entries.set(map, entries);
    return entries;
  }

  /** What a merge key brings in. Once `wrong` is empty, all of it is maps. */
  #basesOf(value: unknown): yaml.YAMLMap[] {
    const merged = this.#resolved(value);
    const bases = yaml.isSeq(merged) ? merged.items.map((base) => this.#resolved(base)) : [merged];
    return bases as yaml.YAMLMap[];
  }

  #resolved(node: unknown): unknown {
    return yaml.isAlias(node) ? this.#targets.get(node) : node;
  }
}

function around(value: unknown, parts: readonly Filled[]): Filled {
  const size = parts.reduce((sum, part) => sum + part.size, 1);
  return { value, size, depth: parts.reduce((deepest, part) => Math.max(deepest, part.depth), 0) + 1 };
}

/** A key as text. */
export function keyText(key: unknown): string {
  if (isMergeKey(key)) return '<<';
  return yaml.isScalar(key) ? String(key.value ?? '') : String(key);
}

/** Where a node begins in the text. */
export function startOf(node: unknown): number {
  return yaml.isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** A plain `<<`; a quoted one is an ordinary key. */
function isMergeKey(key: unknown): key is yaml.Scalar<symbol> {
  return yaml.isScalar(key) && typeof key.value === 'symbol';
}

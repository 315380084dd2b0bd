import { contained } from '../core/contained.ts';
import { errorText } from '../core/error-text.ts';
import type { Source } from '../core/source-port.ts';
import type { SourceView } from './source-view.ts';

/** A source as reports ask it. It may be the host's own: what it throws is a trouble of it, in words. */
export function askedSource(source: Source): SourceView['source'] {
  let thrown: string | undefined;
  const failed = (error: unknown): void => {
    thrown = `the source cannot say how it is: ${errorText(error)}`;
  };
  const cluster = (): ReturnType<NonNullable<Source['cluster']>> => {
    thrown = undefined;
    return source.cluster?.();
  };
  const asked = contained(() => source.troubles?.(), failed);
  const troubles = () => {
    const before = thrown;
    const { unreachable, halted } = asked() ?? {};
    const said = { unreachable: thrown ?? unreachable, halted };
    thrown = before;
    return said;
  };
  return { cluster: contained(cluster, failed), ...((source.cluster ?? source.troubles) && { troubles }) };
}

import { contained } from '../core/contained.ts';
import { errorText } from '../core/error-text.ts';
import type { Source } from '../core/source-port.ts';
import type { SourceView } from './source-view.ts';

/** A source as reports ask it. It may be the host's own: what it throws is a trouble of it, in words. */
export function askedSource(source: Source): SourceView['source'] {
  const thrown: Partial<Record<'cluster' | 'troubles', string>> = {};
  const asked = <Name extends 'cluster' | 'troubles'>(name: Name) =>
    contained(
      () => {
        delete thrown[name];
        return source[name]?.() as ReturnType<NonNullable<Source[Name]>>;
      },
      (error) => (thrown[name] = `the source cannot say how it is: ${errorText(error)}`),
    );
  const [cluster, troubles] = [asked('cluster'), asked('troubles')];
  return {
    cluster,
    ...((source.cluster ?? source.troubles) && {
      troubles() {
        const { unreachable, halted } = troubles() ?? {};
        return { unreachable: thrown.troubles ?? thrown.cluster ?? unreachable, halted };
      },
    }),
  };
}

import { afterAll, beforeAll } from 'vitest';
import { bundle } from './bundle.ts';

/** A program that is made before the tests of a file, or of a block, and removed after them. */
export function bundled(make: string | (() => ReturnType<typeof bundle>)): { readonly path: string } {
  let program: ReturnType<typeof bundle> | undefined;
  beforeAll(() => {
    program = typeof make === 'string' ? bundle(make) : make();
  });
  afterAll(() => program?.remove());
  return {
    get path() {
      return program?.path ?? '';
    },
  };
}

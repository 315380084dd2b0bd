import fc from 'fast-check';
import { expect, it } from 'vitest';
import { handOverInWords, memberName } from '../../src/core/cluster-view.ts';

const name = fc.stringMatching(/^[a-z0-9./-]+$/);
const member = fc.tuple(name, name).map(([host, own]) => `${host}#${own}`);

it('people read the name of a member without what tells two of one name apart', () => {
  fc.assert(
    fc.property(name, name, (host, own) => {
      expect(memberName(`${host}#${own}`)).toBe(host);
      expect(memberName(host)).toBe(host);
    }),
  );
});

it('a hand-over in words names who has the partition now and whoever had it, and nobody else', () => {
  const owner = fc.option(member);
  fc.assert(
    fc.property(owner, owner, fc.nat(), (from, to, fence) => {
      fc.pre(from !== null || to !== null);
      const text = handOverInWords({ partition: 0, at: 0, from, to, fence });
      const words = text.split(/[ ,]+/);
      for (const each of [from, to]) if (each !== null) expect(words).toContain(memberName(each));
      expect(text).not.toContain('null');
      expect(text.endsWith('gave it back')).toBe(to === null);
      expect(text.endsWith(`, fence ${fence}`)).toBe(to !== null);
    }),
  );
});

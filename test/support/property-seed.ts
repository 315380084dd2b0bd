import fc from 'fast-check';

/**
 * Where the property tests begin: in CI each run has fresh seeds, elsewhere always the same one, so that a change of the
 * code is the only reason for a change of the result. PROPERTY_SEED overrules both. fast-check prints seed and path of
 * what fails; `fc.assert(…, { seed, path })` plays exactly that again.
 */
const { CI = '', PROPERTY_SEED = CI === '' ? '1' : '' } = process.env;
if (PROPERTY_SEED !== '') {
  const seed = Number(PROPERTY_SEED);
  if (!Number.isInteger(seed)) throw new RangeError(`PROPERTY_SEED must be a whole number, got '${PROPERTY_SEED}'`);
  fc.configureGlobal({ seed });
}

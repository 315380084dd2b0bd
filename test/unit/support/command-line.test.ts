import { expect, it, onTestFinished, vi } from 'vitest';
import { npmCommand, parseAmount } from '../../support/command-line.ts';

/** The options, or how the process ends and what it says. */
function parsed(stream: 'stdout' | 'stderr', ...args: readonly string[]) {
  onTestFinished(() => void vi.restoreAllMocks());
  const write = vi.spyOn(process[stream], 'write').mockReturnValue(true);
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw code;
  });
  const command = npmCommand('sell', 'Sells it.', '--price 2.5').option('--price <n>', 'of one', parseAmount, 45);
  try {
    return command.parse(args, { from: 'user' }).opts();
  } catch (error) {
    return `exit code ${error}\n${write.mock.calls.join('')}`;
  }
}

it('an option is what was given, or its default', () => {
  expect([parsed('stderr'), parsed('stderr', '--price', '.5')]).toEqual([{ price: 45 }, { price: 0.5 }]);
});

it('--help ends well, with what the command does, its options and an example', () => {
  const head =
    'exit code 0\nUsage: npm run sell -- [options]\n\nSells it.\n\nOptions:\n  --price <n>  of one (default: 45)\n';
  expect(parsed('stdout', '--help')).toContain(head);
  expect(parsed('stdout', '--help')).toMatch(/\n\nExample:\n {2}\$ npm run sell -- --price 2\.5\n$/);
});

it.each([
  ['--prize', "unknown option '--prize'\n(Did you mean --price?)"],
  ['cheap', 'too many arguments. Expected 0 arguments but got 1.'],
  ...['abc', '-1', '0', '1e3', 'Infinity', ''].map((text) => [
    `--price=${text}`,
    `option '--price <n>' argument '${text}' is invalid. Allowed: a number above 0, such as 45 or 0.5.`,
  ]),
])('%s ends with exit code 2, and what is allowed', (arg, text) => {
  const said = `exit code 2\nerror: ${text}\n(npm run sell -- --help lists all options)\n`;
  expect(parsed('stderr', arg)).toContain(said);
});

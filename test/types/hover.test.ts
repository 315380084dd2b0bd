import { afterAll, beforeAll, expect, test } from 'vitest';
import { LanguageService, type OpenFile } from '../support/language-service.ts';

const program = `import { z } from 'zod';
import { createRouter, defineChannel, ProcessingChannel } from '../../src/index.ts';

const Trades = defineChannel({
  schema: z.object({ sym: z.string(), p: z.number() }),
  rules: z.object({ minMovePercent: z.number().default(0.1) }),
  events: z.object({ type: z.literal('high'), price: z.number() }),
  process(batch, context) {
    for (const { p } of batch) if (p > context.rules.minMovePercent) context.emit({ type: 'high', price: p });
  },
});
class Limited extends ProcessingChannel<unknown> {
  constructor(limit: number) {
    super();
    console.log(limit);
  }
  override process() {}
}
const router = createRouter({ channels: { tick: Trades } });
`;

const mistakes = `
defineChannel({ events: z.object({ price: z.number() }), process: (_, context) => context.emit({ prize: 1 }) });
defineChannel({ rules: z.object({ limit: z.number() }), process: (_, context) => context.rules.limits });
router.events.on('event', ({ channel }) => channel === 'fmv');
createRouter({ channels: { tick: Trades }, config: { channels: { tock: {} } } });
createRouter({ channels: { tick: Trades }, config: { channels: { tick: { batchsize: 1 } } } });
createRouter({ channels: { tick: Trades }, config: { channels: { tick: { eventRules: { minMove: 1 } } } } });
createRouter({ channels: { tick: Trades }, config: { channels: { tick: { eventRules: { minMovePercent: '1' } } } } });
createRouter({ channels: { tick: Limited } });
router.add('tock', Trades, { eventRules: { minMove: 1 } });
`;

let service: LanguageService;
let file: OpenFile;

beforeAll(async () => {
  service = await LanguageService.start();
  file = service.open('test/types/hovered.ts', program + mistakes);
});
afterAll(() => service.stop());

test('R10.1 a hover shows what is meant, in a few lines', async () => {
  const hovers: string[] = [];
  for (const text of ['process', 'batch', 'emit', 'rules.min', 'Trades', 'router']) hovers.push(await file.hover(text));
  expect(hovers.join('\n\n')).toMatchInlineSnapshot(`
    "(method) ChannelWork<{ sym: string; p: number; }, { type: "high"; price: number; }, { minMovePercent: number; }>.process(batch: readonly { sym: string; p: number; }[], context: BatchContext<{ type: "high"; price: number; }, { minMovePercent: number; }>): void | Promise<void> Processes one batch, synchronously or not. An exception or a rejection fails the whole batch.

    (parameter) batch: readonly { sym: string; p: number; }[]

    (method) BatchContext<{ type: "high"; price: number; }, { minMovePercent: number; }>.emit(event: { type: "high"; price: number; }): void Puts an event on the host's bus, at once and in order. Ignored and counted as late once the call is over.

    (property) BatchContext<{ type: "high"; price: number; }, { minMovePercent: number; }>.rules: { minMovePercent: number; } The checked \`eventRules\` of the configuration.

    const Trades: ChannelClass<{ sym: string; p: number; }, { type: "high"; price: number; }, { minMovePercent: number; }, { minMovePercent?: number | undefined; }>

    const router: DataChannelRouter<{ readonly channel: "tick"; readonly event: { type: "high"; price: number; }; }>"
  `);
});

test('a mistake is a short message', async () => {
  const found = await file.mistakes();
  const shown = found.map(({ line, message }) => `${line}\n  ${headOf(message)}`);
  expect(shown.join('\n')).toMatchInlineSnapshot(`
    "defineChannel({ events: z.object({ price: z.number() }), process: (_, context) => context.emit({ prize: 1 }) });
      Object literal may only specify known properties, but 'prize' does not exist in type '{ price: number; }'. Did you mean to write 'price'?
    defineChannel({ rules: z.object({ limit: z.number() }), process: (_, context) => context.rules.limits });
      Property 'limits' does not exist on type '{ limit: number; }'. Did you mean 'limit'?
    router.events.on('event', ({ channel }) => channel === 'fmv');
      This comparison appears to be unintentional because the types '"tick"' and '"fmv"' have no overlap.
    createRouter({ channels: { tick: Trades }, config: { channels: { tock: {} } } });
      Object literal may only specify known properties, and 'tock' does not exist in type '{ readonly tick?: ChannelInput<{ minMovePercent?: number | undefined; }>; }'.
    createRouter({ channels: { tick: Trades }, config: { channels: { tick: { batchsize: 1 } } } });
      Object literal may only specify known properties, but 'batchsize' does not exist in type 'ChannelInput<{ minMovePercent?: number | undefined; }>'. Did you mean to write 'batchSize'?
    createRouter({ channels: { tick: Trades }, config: { channels: { tick: { eventRules: { minMove: 1 } } } } });
      Object literal may only specify known properties, and 'minMove' does not exist in type '{ minMovePercent?: number | undefined; }'.
    createRouter({ channels: { tick: Trades }, config: { channels: { tick: { eventRules: { minMovePercent: '1' } } } } });
      Type 'string' is not assignable to type 'number'.
    createRouter({ channels: { tick: Limited } });
      Type 'typeof Limited' is not assignable to type 'ChannelSource<AnyChannel>'.
    router.add('tock', Trades, { eventRules: { minMove: 1 } });
      Object literal may only specify known properties, and 'minMove' does not exist in type '{ minMovePercent?: number | undefined; }'."
  `);
  for (const { message } of found) expect(headOf(message).length).toBeLessThan(200);
});

function headOf(message: string): string {
  return message.split('\n')[0] ?? '';
}

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './project-files.ts';

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly items?: readonly unknown[] };
  readonly result?: unknown;
}

/** TypeScript's language service, as an editor asks it. */
export class LanguageService {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #received = Buffer.alloc(0);

  private constructor() {
    const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc');
    this.#process = spawn(process.execPath, [tsc, '--lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#process.stdout?.on('data', (data: Buffer) => this.#receive(data));
  }

  static async start(): Promise<LanguageService> {
    const service = new LanguageService();
    const capabilities = { textDocument: { hover: { contentFormat: ['markdown'] } } };
    const rootUri = pathToFileURL(projectRoot).href;
    await service.#ask('initialize', { processId: process.pid, rootUri, capabilities });
    service.#send({ method: 'initialized', params: {} });
    return service;
  }

  /** Opens a text as a file of the project, by its path; nothing is written. */
  open(path: string, text: string): OpenFile {
    const uri = pathToFileURL(join(projectRoot, path)).href;
    this.#send({
      method: 'textDocument/didOpen',
      params: { textDocument: { uri, languageId: 'typescript', version: 1, text } },
    });
    return new OpenFile(uri, text, (method, params) => this.#ask(method, params));
  }

  stop(): void {
    this.#process.kill();
  }

  #ask(method: string, params: unknown): Promise<unknown> {
    const id = this.#waiting.size + 1;
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.#send({ id, method, params });
    return answer;
  }

  #send(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#process.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.subarray(0, end).toString())?.[1]);
      if (end < 0 || this.#received.length < end + 4 + length) return;
      const answer: Answer = JSON.parse(this.#received.subarray(end + 4, end + 4 + length).toString());
      this.#received = this.#received.subarray(end + 4 + length);
      this.#take(answer);
    }
  }

  #take({ id, method, params, result }: Answer): void {
    if (id === undefined) return;
    // The service asks for the settings of the editor, which has none.
    if (method !== undefined) this.#send({ id, result: params?.items?.map(() => null) ?? null });
    else this.#waiting.get(id)?.(result);
  }
}

/** A file in an editor. */
export class OpenFile {
  readonly #uri: string;
  readonly #text: string;
  readonly #ask: (method: string, params: unknown) => Promise<unknown>;

  constructor(uri: string, text: string, ask: (method: string, params: unknown) => Promise<unknown>) {
    this.#uri = uri;
    this.#text = text;
    this.#ask = ask;
  }

  /** What an editor shows over the first place where this text stands. */
  async hover(text: string): Promise<string> {
    const before = this.#text.slice(0, this.#text.indexOf(text)).split('\n');
    const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
    const params = { textDocument: { uri: this.#uri }, position };
    const answer = (await this.#ask('textDocument/hover', params)) as { contents: { value: string } };
    return answer.contents.value
      .replace(/```\w*/g, '')
      .replace(/\s+/g, ' ')
      .trim();
  }

  /** What an editor underlines: the text of the line, and the message. */
  async mistakes(): Promise<readonly { readonly line: string; readonly message: string }[]> {
    const params = { textDocument: { uri: this.#uri } };
    const { items } = (await this.#ask('textDocument/diagnostic', params)) as {
      items: readonly { range: { start: { line: number } }; message: string; severity: number }[];
    };
    const lines = this.#text.split('\n');
    return items
      .filter(({ severity }) => severity === 1)
      .map(({ range, message }) => ({ line: lines[range.start.line]?.trim() ?? '', message }));
  }
}

type Write = (fields: object, message: string) => void;

/** The part of a pino logger that sluice uses; any logger of that shape will do. */
export interface Logger {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
  child(bindings: Record<string, unknown>): Logger;
}

/** What is used when the host gives no logger. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

import pino, { type Logger } from 'pino';

/** The levels `--log` takes. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** Logs to standard error: standard output belongs to the report. */
export function createCommandLogger(level: string): Logger {
  return pino({ level }, pino.destination({ dest: 2, sync: true }));
}

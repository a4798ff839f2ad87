import type { LoggerService } from '@nestjs/common';
import pino, { type Logger } from 'pino';

const secretPaths = [
  'mobile',
  'email',
  'name',
  'birthday',
  'address',
  'text',
  'authorization',
  'secret',
  'token',
  'person',
];

/**
 * JSON lines on standard output. Fields that could hold personal data are blanked wherever they stand in the first two
 * levels (requirement M6); errors are written without the values that a database repeats in its `detail`.
 */
export function jsonLogger(name: string, level: string): Logger {
  return pino({
    level,
    base: { service: name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secretPaths.flatMap((field) => [field, `*.${field}`]), censor: '[personal]' },
    serializers: { err: errorWithoutData },
  });
}

function errorWithoutData(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, constraint, table } = error as { code?: string; constraint?: string; table?: string };
  return { type: error.name, message: error.message, code, constraint, table, stack: error.stack };
}

/** Nest's logger in pino's clothes. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(
    level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = rest.at(-1);
    const fields = typeof context === 'string' && rest.length > 0 ? { context } : {};
    const text = rest.slice(0, -1).find((part) => typeof part === 'string');
    if (message instanceof Error) this.pino[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'object' && message !== null)
      this.pino[level]({ ...fields, ...message }, text as string);
    else this.pino[level]({ ...fields, ...(text ? { detail: text } : {}) }, String(message));
  }
}

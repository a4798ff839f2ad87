import type { LoggerService } from '@nestjs/common';
import pino, { type DestinationStream, type Logger } from 'pino';

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
 * JSON lines, on standard output unless told otherwise. Fields that could hold personal data are blanked wherever they stand in the first two
 * levels (requirement M6); errors are written without the values that a database repeats in its `detail`.
 */
export function jsonLogger(name: string, level: string, to?: DestinationStream): Logger {
  const options = {
    level,
    base: { service: name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretPaths.flatMap((field) => [field, `*.${field}`]), censor: '[personal]' },
    serializers: { err: errorWithoutData },
  };
  return to ? pino(options, to) : pino(options);
}

function errorWithoutData(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, constraint, table } = error as { code?: string; constraint?: string; table?: string };
  // PostgreSQL repeats the offending value in the message of a data error.
  const holdsValue = code !== undefined && /^22[0-9A-Z]{3}$/.test(code);
  const message = holdsValue ? `data error ${code}` : error.message;
  return { type: error.name, message, code, constraint, table, stack: holdsValue ? undefined : error.stack };
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

import { type DestinationStream, pino } from 'pino';
import type { Redactor } from '../security/redaction.ts';
import { standardOutput } from './log-output.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** `area.verb_past`, so that a line can be found, counted and alerted on by its name. */
export type LogLine = `${string}.${string}`;

export type Facts = Readonly<Record<string, unknown>>;

/** One wide line per happening. Facts are cleaned of secrets by name and by value. */
export interface Log {
  debug(line: LogLine, facts?: Facts): void;
  info(line: LogLine, facts?: Facts): void;
  warn(line: LogLine, facts?: Facts): void;
  /** An error goes in as `{ error }`; its stack is kept here and goes nowhere else. */
  error(line: LogLine, facts?: Facts): void;
  /** The same log with facts that every line carries. */
  with(facts: Facts): Log;
}

export interface LogOptions {
  level: LogLevel;
  redactor: Redactor;
  /** Default: standard output. */
  destination?: DestinationStream;
}

/** JSON lines (JSON escapes line breaks and control characters, so no text can forge a line). */
export const createLog = (options: LogOptions): Log => {
  const { level, redactor } = options;
  const settings = {
    level,
    base: null,
    messageKey: 'line',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(settings, options.destination ?? standardOutput());

  const writing = (facts: Facts): Log => {
    const write = (to: 'debug' | 'info' | 'warn' | 'error') => (line: LogLine, more?: Facts) => {
      // Cleaning costs; lines below the level are not cleaned for nothing.
      if (!logger.isLevelEnabled(to)) return;
      logger[to](redactor.value({ ...facts, ...more }) as object, line);
    };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      with: (more) => writing({ ...facts, ...more }),
    };
  };
  return writing({});
};

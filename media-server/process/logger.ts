import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on stdout; the level comes from `HOLDFAST_LOG_LEVEL` (default info). Fields that could hold a secret are cut. */
export function createLogger(role: string, fields: Record<string, unknown> = {}): Logger {
  return pino({
    level: process.env.HOLDFAST_LOG_LEVEL ?? 'info',
    base: { role, pid: process.pid, ...fields },
    redact: {
      paths: ['token', 'resumeToken', 'authorization', '*.token', '*.resumeToken', '*.credential'],
      censor: '[cut]',
    },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}

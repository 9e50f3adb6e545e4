import { pino } from 'pino';

/** Set HOLDFAST_TEST_LOG to see what the processes under test say. */
export const silentLog = pino({ level: process.env.HOLDFAST_TEST_LOG ?? 'silent' });

/** How long people whose meeting has lost its node wait for room somewhere, and how long a home is looked for, ms. */
export const PATIENCE_MS = 120_000;

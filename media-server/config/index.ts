export * from './autoscaler-config.ts';
export * from './generation.ts';
export * from './launch-description.ts';
export * from './load.ts';
export * from './node-config.ts';
export * from './secrets.ts';

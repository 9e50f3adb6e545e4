/** Every message of the platform; see README.md. */
export * from './contract.ts';
export * from './drain.ts';
export * from './errors.ts';
export * from './media.ts';
export * from './node.ts';
export * from './parsed.ts';
export * from './registry.ts';
export * from './rest.ts';
export * from './rpc.ts';
export * from './scaling.ts';
export * from './signalling.ts';
export * from './values.ts';
export * from './versions.ts';

/**
 * The one escape hatch of every component: changes the arguments of a child just before it is made. What protects meetings
 * is checked afterwards, so it cannot be transformed away. Options (aliases, providers) go through Pulumi's own
 * `transforms`.
 */
export type Transform<A> = (args: A) => A;

/** The arguments as the user wants them. */
export function transformed<A>(transform: Transform<A> | undefined, args: A): A {
  return transform ? transform(args) : args;
}

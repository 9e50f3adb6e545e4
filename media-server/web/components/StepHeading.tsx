import { type ReactNode, useEffect, useRef } from 'react';

/** The heading of a step that has replaced another one: it takes the focus, so that screen readers say where one is. */
export function StepHeading({ children }: { readonly children: ReactNode }) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => ref.current?.focus(), []);
  return (
    <h1 ref={ref} tabIndex={-1}>
      {children}
    </h1>
  );
}

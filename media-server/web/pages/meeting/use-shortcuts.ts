import { useEffect } from 'react';
import { type Shortcut, shortcutOf } from '../../lib/shortcuts.ts';

/** Listens for single keys while `on`. */
export function useShortcuts(
  on: boolean,
  { m, v, s, '?': help }: Readonly<Record<Shortcut, () => void>>,
): void {
  useEffect(() => {
    if (!on) return;
    const actions = { m, v, s, '?': help };
    const pressed = (event: KeyboardEvent) => {
      const { target } = event;
      const field =
        target instanceof HTMLElement
          ? { tagName: target.tagName, editable: target.isContentEditable }
          : undefined;
      const shortcut = shortcutOf(event, field);
      if (shortcut === undefined) return;
      event.preventDefault();
      actions[shortcut]();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [on, m, v, s, help]);
}

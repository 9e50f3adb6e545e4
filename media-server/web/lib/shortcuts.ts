export type Shortcut = 'm' | 'v' | 's' | '?';

interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly repeat: boolean;
}

/** Which shortcut a key press means; keys typed into a field, or meant for the browser, are left alone. */
export function shortcutOf(
  press: KeyPress,
  target: { tagName: string; editable: boolean } | undefined,
): Shortcut | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey || press.repeat) return undefined;
  if (target !== undefined && (target.editable || /^(input|select|textarea)$/i.test(target.tagName)))
    return undefined;
  const key = press.key.toLowerCase();
  return key === 'm' || key === 'v' || key === 's' || key === '?' ? key : undefined;
}

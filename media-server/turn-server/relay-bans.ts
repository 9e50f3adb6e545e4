/**
 * Whose credentials are void before they end. coturn knows no such thing: what is begun with them must be ended at once. Credentials are told apart
 * by their end, so that somebody who is let in again, with newer ones, is not banned.
 */
export class RelayBans {
  readonly #untilMs = new Map<string, number>();

  add(user: string, untilMs: number): void {
    this.#untilMs.set(user, Math.max(untilMs, this.#untilMs.get(user) ?? 0));
  }

  bans({ user, endsAtMs }: { readonly user: string; readonly endsAtMs: number }): boolean {
    return endsAtMs <= (this.#untilMs.get(user) ?? 0);
  }

  /** Credentials that have ended need no ban. */
  forget(nowMs: number): void {
    for (const [user, untilMs] of this.#untilMs) if (untilMs < nowMs) this.#untilMs.delete(user);
  }
}

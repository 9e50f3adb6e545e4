import type { TurnServerConfig } from '../config.ts';
import type { Setting } from '../lines.ts';
import { type OptionKey, specOf } from '../options.ts';
import type { TurnServerDocument } from '../parse.ts';

/** `error`: unsafe, or it will not work. `warning`: works, and should be changed before production. */
export type Severity = 'error' | 'warning';

/** One thing to mend. */
export interface Finding {
  /** Which rule it is; stable, so that it can be looked up or left out. */
  readonly rule: string;
  readonly severity: Severity;
  /** Line in the file, from 1; undefined when something is missing. */
  readonly line: number | undefined;
  /** Name of the option in the file. */
  readonly option: string;
  /** What is wrong and what may come of it. */
  readonly message: string;
  /** What to write instead. */
  readonly fix: string;
}

/** What the rules look at. */
export class LintContext {
  readonly document: TurnServerDocument;
  readonly config: TurnServerConfig;
  readonly settings: readonly Setting[];

  constructor(document: TurnServerDocument) {
    this.document = document;
    this.config = document.config;
    this.settings = document.lines.filter((line): line is Setting => line.kind === 'setting');
  }

  settingsOf(key: OptionKey): readonly Setting[] {
    return this.settings.filter((setting) => setting.key === key);
  }

  /** Line of the setting that counts: of several the last one. */
  lineOf(key: OptionKey): number | undefined {
    return this.settingsOf(key).at(-1)?.number;
  }

  /** @param line null: the file lacks a line; by default the line that sets the option, if there is one */
  error(rule: string, key: OptionKey, message: string, fix: string, line?: number | null): Finding {
    return this.#finding('error', rule, key, message, fix, line);
  }

  /** As `error`, for what works and should be changed before production. */
  warning(rule: string, key: OptionKey, message: string, fix: string, line?: number | null): Finding {
    return this.#finding('warning', rule, key, message, fix, line);
  }

  /** Listens on loopback alone: nobody outside this machine reaches it. */
  get localOnly(): boolean {
    const addresses = this.config.listeningIp ?? [];
    return addresses.length > 0 && addresses.every(isLoopback);
  }

  get hasCertificate(): boolean {
    return this.config.cert !== undefined && this.config.pkey !== undefined;
  }

  /** Relays at all. */
  get relays(): boolean {
    return !this.config.stunOnly;
  }

  #finding(
    severity: Severity,
    rule: string,
    key: OptionKey,
    message: string,
    fix: string,
    at: number | null | undefined,
  ): Finding {
    const line = at === undefined ? this.lineOf(key) : (at ?? undefined);
    return { rule, severity, line, option: specOf(key).name, message, fix };
  }
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

export type Rule = (context: LintContext) => readonly Finding[];

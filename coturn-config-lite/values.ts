import { parseAddress, parseEndpoint, parseMapping, parseRange } from './addresses.ts';
import type { OptionSpec } from './options/spec.ts';

/** coturn reads lines into 1024 bytes and takes the rest for another line. */
export const MAX_LINE_BYTES = 1000;

const MAX_INTEGER = 2_147_483_647;
const portBounds = { minimum: 1, maximum: 65_535 };

/** Reads one value of an option as it stands in the file. @returns the value, or what is wrong with it */
export function readValue(
  spec: OptionSpec,
  raw: string,
): { value: boolean | number | string } | { wrong: string } {
  switch (spec.kind) {
    case 'flag': {
      const value = readFlag(raw);
      return value === undefined ? { wrong: 'must be yes, no, on, off, true, false, 1 or 0' } : { value };
    }
    case 'integer':
    case 'port': {
      if (raw === '' && spec.valueOptional) return { value: true };
      if (!/^\d{1,10}$/.test(raw)) return { wrong: 'must be a whole number' };
      const value = Number(raw);
      const wrong = wrongWith(spec, value);
      return wrong === undefined ? { value } : { wrong };
    }
    default: {
      const wrong = wrongWith(spec, raw);
      return wrong === undefined ? { value: raw } : { wrong };
    }
  }
}

/** As coturn reads them, by their first letter; nothing at all means yes. */
function readFlag(raw: string): boolean | undefined {
  if (raw === '' || /^[yYtT1-9]/.test(raw) || ['on', 'ON', 'On'].includes(raw)) return true;
  if (/^[0nNfF]/.test(raw) || ['off', 'OFF', 'Off'].includes(raw)) return false;
  return undefined;
}

/** What is wrong with one value of this option, if anything is. */
export function wrongWith(spec: OptionSpec, value: unknown): string | undefined {
  switch (spec.kind) {
    case 'flag':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'integer':
    case 'port': {
      if (value === true && spec.valueOptional) return undefined;
      const bounds = spec.kind === 'port' ? portBounds : { minimum: 0, maximum: MAX_INTEGER };
      const minimum = spec.minimum ?? bounds.minimum;
      const maximum = spec.maximum ?? bounds.maximum;
      const good = Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
      return good ? undefined : `must be a whole number from ${minimum} to ${maximum}`;
    }
    case 'choice': {
      const choices = spec.choices ?? [];
      return typeof value === 'string' && choices.includes(value)
        ? undefined
        : `must be one of ${choices.join(', ')}`;
    }
    case 'text':
      return wrongText(spec, value);
    case 'ip':
      return wrongUnless(value, parseAddress, 'must be an IP address, for example 192.0.2.7');
    case 'ip-range':
      return wrongUnless(
        value,
        parseRange,
        'must be an IP address or a range, for example 10.0.0.0-10.255.255.255',
      );
    case 'endpoint':
      return wrongUnless(
        value,
        parseEndpoint,
        'must be ADDRESS:PORT, for example 192.0.2.7:3478 or [2001:db8::7]:3478',
      );
    case 'ip-mapping':
      return wrongUnless(
        value,
        parseMapping,
        'must be PUBLIC or PUBLIC/PRIVATE, for example 192.0.2.7/10.0.0.7',
      );
  }
}

function wrongText({ name }: OptionSpec, value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return 'must be a text that is not empty';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  if (/[\u0000-\u001f\u007f]/.test(value)) return 'must be one line without control characters';
  if (Buffer.byteLength(value) + name.length + 3 > MAX_LINE_BYTES) {
    return `must be shorter: coturn reads at most ${MAX_LINE_BYTES} bytes of a line`;
  }
  return undefined;
}

function wrongUnless(value: unknown, parse: (text: string) => unknown, wrong: string): string | undefined {
  return typeof value === 'string' && parse(value) !== undefined ? undefined : wrong;
}

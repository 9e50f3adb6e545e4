import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CoturnConfigError,
  lint,
  type OptionKey,
  type OptionSpec,
  options,
  parse,
  render,
  validate,
} from '../../coturn-config-lite/index.ts';
import { plain } from './good-files.ts';

const line = fc
  .string({ minLength: 1, maxLength: 60 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these cannot stand in a line
  .filter((text) => !/[\u0000-\u001f\u007f]/.test(text));
const ip4 = fc.ipV4();
const ip6 = fc.ipV6().filter((text) => !text.includes('%'));
const port = fc.integer({ min: 1, max: 65_535 });

function anyValueOf(spec: OptionSpec): fc.Arbitrary<unknown> {
  switch (spec.kind) {
    case 'flag':
      return fc.constant(true);
    case 'port':
      return fc.integer({ min: spec.minimum ?? 1, max: 65_535 });
    case 'integer': {
      const number = fc.integer({ min: spec.minimum ?? 0, max: spec.maximum ?? 2_147_483_647 });
      return spec.valueOptional ? fc.oneof(number, fc.constant(true)) : number;
    }
    case 'text':
      return line;
    case 'choice':
      return fc.constantFrom(...(spec.choices ?? []));
    case 'ip':
      return fc.oneof(ip4, ip6);
    case 'ip-range':
      return fc.oneof(
        ip4,
        ip6,
        ip4.map((ip) => `0.0.0.0-${ip}`),
      );
    case 'endpoint':
      return fc.oneof(
        ip4,
        fc.tuple(ip4, port).map(([ip, number]) => `${ip}:${number}`),
        fc.tuple(ip6, port).map(([ip, number]) => `[${ip}]:${number}`),
      );
    case 'ip-mapping':
      return fc.oneof(
        ip4,
        fc.tuple(ip4, ip4).map(([outside, inside]) => `${outside}/${inside}`),
      );
  }
}

const configs = fc.record(
  Object.fromEntries(
    Object.entries(options).map(([key, spec]: [string, OptionSpec]) => [
      key,
      spec.many ? fc.array(anyValueOf(spec), { minLength: 1, maxLength: 3 }) : anyValueOf(spec),
    ]),
  ),
  { requiredKeys: [] },
);

describe('render and parse', () => {
  it('give back every configuration as it was', () => {
    fc.assert(
      fc.property(configs, (config) => {
        const document = parse(render(config));
        expect(document.config).toEqual(config);
        expect(document.problems).toEqual([]);
        expect(document.unknown).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('leave out a flag that is off', () => {
    expect(render({ noCli: false, fingerprint: true })).toBe('fingerprint\n');
    expect(parse('no-cli=0\n').config).toEqual({});
  });

  it('keep what would be lost in reading: quotes and blanks at the ends', () => {
    for (const cliPassword of ['"quoted"', ' before', 'after ', '= equals', '"', 'a"b']) {
      expect(parse(render({ cliPassword })).config).toEqual({ cliPassword });
    }
  });

  it('read blanks, "=" and quotes as coturn does', () => {
    expect(parse('  realm \t = "a b" \n listening-port 3478\n').config).toEqual({
      realm: 'a b',
      listeningPort: 3478,
    });
  });

  it('refuse what is none, naming every option', () => {
    expect(() => render({ listeningPort: 70_000, externalIp: ['nowhere'] })).toThrow(
      /listening-port: must be.*\nexternal-ip: must be/,
    );
    expect(validate({ nothing: 1, user: 'ada:x', realm: 'a\nno-auth' }).map(({ option }) => option)).toEqual([
      'nothing',
      'user',
      'realm',
    ]);
    expect(validate(null)).toHaveLength(1);
  });
});

describe('anything in place of a configuration', () => {
  const keys = fc.oneof(fc.constantFrom(...Object.keys(options)), fc.string());
  const anything = fc.oneof(fc.anything({ withBigInt: true }), fc.dictionary(keys, fc.anything()));

  it('throws the documented error or nothing', () => {
    fc.assert(
      fc.property(anything, (value) => {
        for (const take of [render, lint, parse]) {
          try {
            // @ts-expect-error this is what a caller without types may hand in
            take(value);
          } catch (error) {
            expect(error).toBeInstanceOf(CoturnConfigError);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a document', () => {
  const text =
    '# mine\nlistening-port=3478 \nfuture-option=7\n\ndenied-peer-ip=10.0.0.1\n# end\ndenied-peer-ip=10.0.0.2\n';

  it('keeps comments, blank lines and unknown options', () => {
    const document = parse(text);
    expect(document.unknown).toMatchObject([{ name: 'future-option', value: '7', number: 3 }]);
    expect(document.text).toBe(text);
  });

  it('changes only what it is asked to', () => {
    const changed = parse(text).with({ deniedPeerIp: ['10.0.0.3'], realm: 'example.org' });
    expect(changed.text).toBe(
      '# mine\nlistening-port=3478 \nfuture-option=7\n\ndenied-peer-ip=10.0.0.3\n# end\nrealm=example.org\n',
    );
    expect(changed.config.deniedPeerIp).toEqual(['10.0.0.3']);
    expect(parse(text).with({ noCli: false }).text).toBe(text);
    expect(() => parse(text).with({ listeningPort: -1 })).toThrow(CoturnConfigError);
  });

  it('can be mended with what the linter says', () => {
    const mended = parse(plain.replace('no-rfc5780\n', '')).with({ noRfc5780: true });
    expect(lint(mended.text)).toEqual([]);
  });

  it('takes any change to any option, and keeps the rest', () => {
    fc.assert(
      fc.property(configs, fc.constantFrom(...(Object.keys(options) as OptionKey[])), (config, key) => {
        const { [key]: _, ...others } = config;
        expect(parse(render(config)).with({ [key]: undefined }).config).toEqual(others);
      }),
      { numRuns: 200 },
    );
  });
});

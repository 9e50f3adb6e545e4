import { describe, expect, it } from 'vitest';
import { librariesIn } from '../../../cli/bundle/shared-libraries.ts';

const printed = `	linux-vdso.so.1 (0x00007f28a9165000)
	libuv.so.1 => /lib/x86_64-linux-gnu/libuv.so.1 (0x00007f28a8dd0000)
	libstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f28a8400000)
	libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f28a8720000)
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f28a821e000)
	/lib64/ld-linux-x86-64.so.2 (0x00007f28a9167000)
`;

describe('the shared libraries of a program', () => {
  it('are those that it was linked to, but for the C library, which is the system’s', () => {
    expect(librariesIn(printed)).toEqual([
      '/lib/x86_64-linux-gnu/libuv.so.1',
      '/lib/x86_64-linux-gnu/libstdc++.so.6',
    ]);
  });

  it('are none of a program that is linked to nothing', () => {
    expect(librariesIn('	statically linked\n')).toEqual([]);
  });

  it('are missed by name', () => {
    expect(() => librariesIn('	libuv.so.1 => not found\n')).toThrow('libuv.so.1 is not installed');
  });
});

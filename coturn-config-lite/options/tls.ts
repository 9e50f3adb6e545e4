import type { OptionSpec } from './spec.ts';

/** TLS and DTLS for clients. */
export const tlsOptions = {
  cert: {
    name: 'cert',
    kind: 'text',
    default: 'turn_server_cert.pem, if it is found',
    meaning: 'Certificate chain, PEM file.',
  },
  pkey: {
    name: 'pkey',
    kind: 'text',
    default: 'turn_server_pkey.pem, if it is found',
    meaning: 'Private key of the certificate, PEM file.',
  },
  pkeyPwd: {
    name: 'pkey-pwd',
    kind: 'text',
    secret: true,
    default: 'none',
    meaning: 'Password of the private key’s file.',
  },
  cipherList: {
    name: 'cipher-list',
    kind: 'text',
    default: 'DEFAULT',
    meaning: 'Ciphers in the notation of OpenSSL.',
  },
  caFile: {
    name: 'CA-file',
    kind: 'text',
    default: 'none: clients show no certificate',
    meaning: 'CA by which clients’ certificates are checked. Browsers have none to show.',
  },
  ecCurveName: {
    name: 'ec-curve-name',
    kind: 'text',
    default: 'OpenSSL’s choice',
    meaning: 'Curve for elliptic-curve ciphers.',
  },
  dhFile: {
    name: 'dh-file',
    kind: 'text',
    default: 'a built-in key of 2066 bits',
    meaning: 'Diffie-Hellman parameters, PEM file.',
  },
  dh566: {
    name: 'dh566',
    kind: 'flag',
    default: 'off',
    meaning: 'Built-in Diffie-Hellman key of 566 bits, which can be broken.',
    deprecated: 'Remove it: the default of 2066 bits is safe.',
  },
  dh1066: {
    name: 'dh1066',
    kind: 'flag',
    default: 'off',
    meaning: 'Built-in Diffie-Hellman key of 1066 bits, which is weak.',
    deprecated: 'Remove it: the default of 2066 bits is safe.',
  },
  noTls: {
    name: 'no-tls',
    kind: 'flag',
    default: 'off',
    meaning: 'No TLS listener.',
  },
  noDtls: {
    name: 'no-dtls',
    kind: 'flag',
    default: 'off',
    meaning: 'No DTLS listener.',
  },
  noSslv2: {
    name: 'no-sslv2',
    kind: 'flag',
    ignoresValue: true,
    default: 'always so',
    meaning: 'Has no effect.',
    deprecated: 'Remove it: SSL 2 is not there any more.',
  },
  noSslv3: {
    name: 'no-sslv3',
    kind: 'flag',
    ignoresValue: true,
    default: 'always so',
    meaning: 'Has no effect.',
    deprecated: 'Remove it: SSL 3 is not there any more.',
  },
  noTlsv1: {
    name: 'no-tlsv1',
    kind: 'flag',
    default: 'off',
    meaning: 'Refuses TLS 1.0 and DTLS 1.0 (RFC 8996 has ended both).',
  },
  noTlsv11: {
    name: 'no-tlsv1_1',
    kind: 'flag',
    default: 'off',
    meaning: 'Refuses TLS 1.1 (RFC 8996 has ended it).',
  },
  noTlsv12: {
    name: 'no-tlsv1_2',
    kind: 'flag',
    default: 'off',
    meaning: 'Refuses TLS 1.2 and DTLS 1.2, which browsers need for DTLS.',
  },
} as const satisfies Record<string, OptionSpec>;

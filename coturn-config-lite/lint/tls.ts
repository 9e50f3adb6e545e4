import type { Rule } from './finding.ts';

const oldProtocols: Rule = (context) => {
  const { noTls, noDtls, noTlsv1, noTlsv11 } = context.config;
  if (!context.hasCertificate || (noTls && noDtls) || (noTlsv1 && noTlsv11)) return [];
  const missing = [...(noTlsv1 ? [] : ['no-tlsv1']), ...(noTlsv11 ? [] : ['no-tlsv1_1'])];
  const message = 'TLS 1.0 or 1.1 is taken, which RFC 8996 has ended.';
  return [
    context.warning('old-tls', noTlsv1 ? 'noTlsv11' : 'noTlsv1', message, `Add ${missing.join(' and ')}.`),
  ];
};

const noModernProtocol: Rule = (context) => {
  if (!context.config.noTlsv12) return [];
  const message = 'Browsers need TLS 1.2 for DTLS, and many clients for TLS.';
  return [context.error('no-tls-1-2', 'noTlsv12', message, 'Remove no-tlsv1_2.')];
};

const halfACertificate: Rule = (context) => {
  const { cert, pkey } = context.config;
  if ((cert === undefined) === (pkey === undefined)) return [];
  const [has, lacks] = cert === undefined ? (['pkey', 'cert'] as const) : (['cert', 'pkey'] as const);
  const message = `${has} without ${lacks}: TLS will not start.`;
  return [context.error('certificate-incomplete', has, message, `Add ${lacks}=FILE.`)];
};

const portWithoutCertificate: Rule = (context) => {
  const { tlsListeningPort, cert, pkey, noTls, noDtls } = context.config;
  if (tlsListeningPort === undefined || cert !== undefined || pkey !== undefined) return [];
  if (noTls && noDtls) return [];
  const message = `Port ${tlsListeningPort} is for TLS, and there is no certificate.`;
  return [context.error('certificate-missing', 'tlsListeningPort', message, 'Add cert=FILE and pkey=FILE.')];
};

const clientCertificates: Rule = (context) => {
  if (context.config.caFile === undefined) return [];
  const message = 'With CA-file clients must show a certificate, and browsers have none.';
  return [
    context.warning('clients-refused', 'caFile', message, 'Remove CA-file, unless no browser comes here.'),
  ];
};

const weakCiphers: Rule = (context) => {
  const { cipherList } = context.config;
  if (
    cipherList === undefined ||
    !/(^|[:,+ ])(NULL|aNULL|eNULL|EXPORT|EXP|LOW|RC4|DES|3DES|MD5|ALL|COMPLEMENTOFALL)($|[:,+ ])/.test(
      cipherList,
    )
  ) {
    return [];
  }
  const message = 'The cipher list takes ciphers that can be broken.';
  return [
    context.warning('weak-ciphers', 'cipherList', message, 'Remove cipher-list, or use HIGH:!aNULL:!MD5.'),
  ];
};

/** TLS and DTLS. */
export const tlsRules: readonly Rule[] = [
  oldProtocols,
  noModernProtocol,
  halfACertificate,
  portWithoutCertificate,
  clientCertificates,
  weakCiphers,
];

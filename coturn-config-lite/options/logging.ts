import type { OptionSpec } from './spec.ts';

/** What it writes down, and what it shows to monitoring. */
export const loggingOptions = {
  verbose: {
    name: 'verbose',
    kind: 'flag',
    default: 'off',
    meaning: 'Several lines for each session, users’ names and addresses among them.',
  },
  extraVerbose: {
    name: 'Verbose',
    kind: 'flag',
    default: 'off',
    meaning: 'A line for nearly every message. For debugging alone.',
  },
  logFile: {
    name: 'log-file',
    kind: 'text',
    default: 'a file in /var/log/turnserver, /var/log, /var/tmp, /tmp or here',
    meaning: 'Log file; "stdout" and "syslog" are special.',
  },
  noStdoutLog: {
    name: 'no-stdout-log',
    kind: 'flag',
    default: 'off',
    meaning: 'Nothing on stdout.',
  },
  syslog: {
    name: 'syslog',
    kind: 'flag',
    default: 'off',
    meaning: 'Everything to the system log instead of a file.',
  },
  syslogFacility: {
    name: 'syslog-facility',
    kind: 'text',
    default: 'none',
    meaning: 'Facility of the system log, for example LOG_LOCAL1.',
  },
  simpleLog: {
    name: 'simple-log',
    kind: 'flag',
    default: 'off',
    meaning: 'The log file keeps its name and is not rolled over; for logrotate.',
  },
  newLogTimestamp: {
    name: 'new-log-timestamp',
    kind: 'flag',
    ignoresValue: true,
    default: 'off: seconds since the start',
    meaning: 'Full time stamps (ISO 8601).',
  },
  newLogTimestampFormat: {
    name: 'new-log-timestamp-format',
    kind: 'text',
    default: '%FT%T%z',
    meaning: 'Format of the time stamps, as for strftime; needs new-log-timestamp.',
  },
  logBinding: {
    name: 'log-binding',
    kind: 'flag',
    default: 'off',
    meaning: 'A line for each STUN binding request: anybody can fill the disk with them.',
  },
  prometheus: {
    name: 'prometheus',
    kind: 'flag',
    ignoresValue: true,
    default: 'off',
    meaning: 'Metrics for Prometheus at /metrics, on all addresses.',
    needs: 'the Prometheus client library; not in Debian’s package',
  },
  prometheusPort: {
    name: 'prometheus-port',
    kind: 'port',
    default: '9641',
    meaning: 'Port of the metrics.',
    needs: 'the Prometheus client library; not in Debian’s package',
  },
  prometheusUsernameLabels: {
    name: 'prometheus-username-labels',
    kind: 'flag',
    ignoresValue: true,
    default: 'off',
    meaning: 'Metrics for each user name. With names that change they grow without end.',
    needs: 'the Prometheus client library; not in Debian’s package',
  },
} as const satisfies Record<string, OptionSpec>;

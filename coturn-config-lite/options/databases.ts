import type { OptionSpec } from './spec.ts';

/** Where users, secrets and statistics are kept outside this file. */
export const databaseOptions = {
  userdb: {
    name: 'userdb',
    aliases: ['db'],
    kind: 'text',
    default: '/var/lib/turn/turndb or its like',
    meaning: 'SQLite file of users, secrets, realms and peers.',
  },
  psqlUserdb: {
    name: 'psql-userdb',
    aliases: ['sql-userdb'],
    kind: 'text',
    secret: true,
    default: 'none',
    meaning: 'PostgreSQL in place of SQLite, as a connection string.',
  },
  mysqlUserdb: {
    name: 'mysql-userdb',
    kind: 'text',
    secret: true,
    default: 'none',
    meaning: 'MySQL or MariaDB in place of SQLite, as a connection string.',
  },
  secretKeyFile: {
    name: 'secret-key-file',
    kind: 'text',
    default: 'none',
    meaning: 'Key file with which the password in mysql-userdb is encrypted.',
  },
  mongoUserdb: {
    name: 'mongo-userdb',
    kind: 'text',
    secret: true,
    default: 'none',
    meaning: 'MongoDB in place of SQLite, as a connection string.',
    needs: 'the MongoDB driver',
  },
  redisUserdb: {
    name: 'redis-userdb',
    kind: 'text',
    secret: true,
    default: 'none',
    meaning: 'Redis in place of SQLite, as a connection string.',
  },
  redisStatsdb: {
    name: 'redis-statsdb',
    kind: 'text',
    secret: true,
    default: 'none',
    meaning: 'Redis that is told of allocations and traffic, as a connection string.',
  },
} as const satisfies Record<string, OptionSpec>;

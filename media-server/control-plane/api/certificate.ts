import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { ConfigError } from '../../config/index.ts';
import { type Clock, systemClock } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';

interface Files {
  readonly certFile: string;
  readonly keyFile: string;
}
interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** How often the files are read again, ms. Whoever renews certificates does so days before they end. */
const LOOK_EVERY_MS = 60_000;

/**
 * The certificate of a listener. It is read again every now and then, and a renewed one is used for the next connections: no
 * restart, no connection lost. Files that cannot be used leave the present certificate where it is.
 */
export class Certificate {
  readonly #files: Files;
  readonly #log: Logger;
  readonly #clock: Clock;
  #cancelLook: () => void;
  #pair: Pair;
  #server: Server | undefined;

  /** Throws ConfigError when a file cannot be read. */
  constructor(files: Files, log: Logger, clock: Clock = systemClock) {
    this.#files = files;
    this.#log = log;
    this.#clock = clock;
    try {
      this.#pair = read(files);
    } catch (error) {
      throw new ConfigError(`http.tls: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#cancelLook = this.#lookLater();
  }

  server(handler: Parameters<typeof createServer>[1], options: ServerOptions = {}): Server {
    this.#server = createServer({ ...options, ...this.#pair }, handler);
    return this.#server;
  }

  close(): void {
    this.#cancelLook();
  }

  #lookLater(): () => void {
    return this.#clock.after(LOOK_EVERY_MS, () => {
      this.#renew();
      this.#cancelLook = this.#lookLater();
    });
  }

  #renew(): void {
    try {
      const pair = read(this.#files);
      if (pair.cert.equals(this.#pair.cert) && pair.key.equals(this.#pair.key)) return;
      // Throws when the two do not belong together: one of them may be written and the other not yet.
      this.#server?.setSecureContext({ ...pair });
      this.#pair = pair;
      this.#log.info({ certFile: this.#files.certFile }, 'tls.renewed');
    } catch (error) {
      this.#log.warn({ err: error, certFile: this.#files.certFile }, 'tls.not_renewed');
    }
  }
}

function read({ certFile, keyFile }: Files): Pair {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

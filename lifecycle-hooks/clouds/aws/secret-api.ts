import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type AwsAccess, openSecrets } from './aws-sdk.ts';
import { cloudError, errorName } from './cloud-error.ts';

const kept = z.object({ SecretString: z.string() });

/** Secrets Manager, as a machine uses it. */
export class SecretApi {
  readonly #access: AwsAccess;
  #opened: ReturnType<typeof openSecrets> | undefined;

  constructor(access: AwsAccess) {
    this.#access = access;
  }

  /** undefined: the secret has no value yet. */
  async value(name: string): Promise<string | undefined> {
    try {
      const { client, sdk } = await this.#open();
      return kept.parse(await client.send(new sdk.GetSecretValueCommand({ SecretId: name }))).SecretString;
    } catch (thrown) {
      // Also the answer for a secret that was made and has no value.
      if (errorName(thrown) === 'ResourceNotFoundException') return undefined;
      throw cloudError('GetSecretValue', thrown);
    }
  }

  /**
   * The first value of a secret. Two machines that start together would each make one up: both ask for the same version by
   * its name, which AWS gives to one of them, and both read what that one wrote.
   */
  async make(name: string, value: string): Promise<string> {
    try {
      const { client, sdk } = await this.#open();
      await client.send(
        new sdk.PutSecretValueCommand({
          SecretId: name,
          SecretString: value,
          ClientRequestToken: firstOf(name),
        }),
      );
    } catch (thrown) {
      if (errorName(thrown) !== 'ResourceExistsException') throw cloudError('PutSecretValue', thrown);
    }
    const present = await this.value(name);
    if (present === undefined)
      throw cloudError('GetSecretValue', new Error(`${name} has no value after it was written`));
    return present;
  }

  #open() {
    this.#opened ??= openSecrets(this.#access);
    return this.#opened;
  }
}

/** Of the first version, the same for everybody: 32 to 64 characters. */
function firstOf(name: string): string {
  return createHash('sha256').update(`first ${name}`).digest('hex').slice(0, 32);
}

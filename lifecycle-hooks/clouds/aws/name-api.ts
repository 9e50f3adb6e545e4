import { type AwsAccess, openNames } from './aws-sdk.ts';
import { cloudError } from './cloud-error.ts';

/** A machine that plays the part is replaced by another within minutes; nobody may remember it for longer, s. */
const TTL_S = 10;

/** Route 53, as a machine uses it. */
export class NameApi {
  readonly #access: AwsAccess;
  #opened: ReturnType<typeof openNames> | undefined;

  constructor(access: AwsAccess) {
    this.#access = access;
  }

  /** The address under this name from now on, whatever was there. */
  async keep(zone: string, name: string, address: string): Promise<void> {
    try {
      this.#opened ??= openNames(this.#access);
      const { client, sdk } = await this.#opened;
      const records = [{ Value: address }];
      await client.send(
        new sdk.ChangeResourceRecordSetsCommand({
          HostedZoneId: zone,
          ChangeBatch: {
            Changes: [
              {
                Action: 'UPSERT',
                ResourceRecordSet: { Name: name, Type: 'A', TTL: TTL_S, ResourceRecords: records },
              },
            ],
          },
        }),
      );
    } catch (thrown) {
      throw cloudError('ChangeResourceRecordSets', thrown);
    }
  }
}

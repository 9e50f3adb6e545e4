import { Bucket, type BucketArgs } from '@pulumi/aws/s3/bucket.js';
import { BucketObjectv2 } from '@pulumi/aws/s3/bucketObjectv2.js';
import { BucketPublicAccessBlock } from '@pulumi/aws/s3/bucketPublicAccessBlock.js';
import {
  asset,
  ComponentResource,
  type ComponentResourceOptions,
  interpolate,
  type Output,
  output,
  type Resource,
} from '@pulumi/pulumi';
import type { Tags } from '../contract.ts';
import { fileChecksum } from '../file-checksum.ts';
import { tagsOf } from './naming.ts';
import { placeOf } from './place.ts';
import type { Statement } from './policy.ts';
import { type Transform, transformed } from './transform.ts';

export interface MediaServerImageArgs {
  /** The release bundle, a file. */
  bundle: string;
  /** Its checksum: neither the wrong file is sent nor wrong content started. */
  sha256: string;
  /** The stock Debian image, an `ami-…`; never a name that moves. */
  machineImage: string;
  tags?: Tags | undefined;
  transform?: { bucket?: Transform<BucketArgs> } | undefined;
}

/**
 * What machines are launched from: a stock image, and the release bundle in a bucket of the stack's own, under a key made of
 * its checksum. A new bundle is a new object beside the old one, so machines of an older generation can still start.
 *
 * Costs about $0.01 a month for each bundle of 300 MB; machines fetch it without traffic charges.
 *
 * ```ts
 * const image = new MediaServerImage('image', {
 *   bundle: 'dist/holdfast-release.tar.gz',
 *   sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
 *   machineImage: 'ami-0123456789abcdef0',
 * });
 * ```
 */
export class MediaServerImage extends ComponentResource {
  readonly machineImage: string;
  readonly sha256: string;
  readonly bucket: Output<string>;
  readonly key: string;
  /** The right to read bundles, for machines' roles. */
  readonly read: Statement;
  /** What must be there before a machine starts and until the last is gone. */
  readonly objects: readonly Resource[];

  constructor(name: string, args: MediaServerImageArgs, options?: ComponentResourceOptions) {
    super('holdfast:aws:MediaServerImage', name, {}, options);
    const found = fileChecksum(args.bundle);
    if (found !== args.sha256) {
      throw new Error(
        `holdfast:release.sha256 is ${args.sha256}, and ${args.bundle} has ${found}. ` +
          `If the file is the one you mean: pulumi config set --path holdfast:release.sha256 ${found}`,
      );
    }
    const inside = { parent: this };
    const tags = tagsOf(name, args.tags);

    // Emptied when the stack goes: it holds nothing but copies of what a build makes.
    const bucket = new Bucket(
      `${name}-bundles`,
      transformed(args.transform?.bucket, { forceDestroy: true, tags }),
      inside,
    );
    const closed = new BucketPublicAccessBlock(
      `${name}-bundles`,
      {
        bucket: bucket.bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      inside,
    );
    this.key = `release/${args.sha256}`;
    const object = new BucketObjectv2(
      `${name}-${args.sha256.slice(0, 12)}`,
      { bucket: bucket.bucket, key: this.key, source: new asset.FileAsset(args.bundle), tags },
      // An older generation may start a machine until it is drained.
      { parent: this, retainOnDelete: true, dependsOn: [closed] },
    );

    this.machineImage = args.machineImage;
    this.sha256 = args.sha256;
    this.bucket = bucket.bucket;
    this.read = {
      sid: 'ReadBundles',
      actions: ['s3:GetObject'],
      resources: [placeOf(this).globalArn('s3', interpolate`${bucket.bucket}/release/*`)],
    };
    this.objects = [object];
    this.registerOutputs({ bucket: this.bucket, key: output(this.key) });
  }
}

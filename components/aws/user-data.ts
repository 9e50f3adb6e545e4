import {
  type LaunchDescriptionInput,
  launchDescription,
} from '@holdfast/media-server/config/launch-description.ts';

/** EC2 takes no more, counted before it is encoded. */
const MOST_BYTES = 16 * 1024;

export interface Bundle {
  readonly bucket: string;
  readonly key: string;
  readonly sha256: string;
}

/**
 * What a machine does first: writes down what it was launched as, fetches the release bundle with its own identity, refuses
 * any other content, and hands over to the bundle's first boot. It may be started again at any point. There is no
 * secret in it, because everybody on the machine can read it.
 */
export function userData(bundle: Bundle, launch: LaunchDescriptionInput): string {
  const described = launchDescription.parse(launch);
  const script = `#!/bin/bash
# First boot of a machine of Holdfast. A failed step is tried again; what failed for good is in /var/log/cloud-init-output.log
set -euo pipefail
root=\${HOLDFAST_ROOT:-}
metadata=\${HOLDFAST_METADATA:-http://169.254.169.254}
store=\${HOLDFAST_OBJECT_STORE:-https://${bundle.bucket}.s3.${described.cloud.region}.amazonaws.com}
release=$root/opt/holdfast/${bundle.sha256}

mkdir -p "$root/etc/holdfast" "$root/opt/holdfast"
cat > "$root/etc/holdfast/launch.json" <<'LAUNCH'
${JSON.stringify(described, null, 1)}
LAUNCH

fetch() {
  local token role credentials key secret session
  token=$(curl -sf --max-time 5 -X PUT "$metadata/latest/api/token" -H 'X-aws-ec2-metadata-token-ttl-seconds: 300')
  ask() { curl -sf --max-time 5 -H "X-aws-ec2-metadata-token: $token" "$metadata/latest/meta-data/$1"; }
  role=$(ask iam/security-credentials/)
  credentials=$(ask "iam/security-credentials/$role")
  field() { sed -n "s/.*\\"$1\\" *: *\\"\\([^\\"]*\\)\\".*/\\1/p" <<< "$credentials"; }
  key=$(field AccessKeyId) secret=$(field SecretAccessKey) session=$(field Token)
  [ -n "$key" ] && [ -n "$secret" ] || return 1
  # Credentials go in by standard input: command lines can be read by every process.
  curl -sf --max-time 300 --config - -o "$release.part" "$store/${bundle.key}" <<REQUEST
aws-sigv4 = "aws:amz:${described.cloud.region}:s3"
user = "$key:$secret"
header = "x-amz-security-token: $session"
header = "x-amz-content-sha256: UNSIGNED-PAYLOAD"
REQUEST
}

if [ ! -d "$release" ]; then
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    if fetch && echo "${bundle.sha256}  $release.part" | sha256sum --check --status; then break; fi
    [ "$attempt" != 10 ] || { echo 'holdfast: no bundle with the right checksum' >&2; exit 1; }
    sleep "\${HOLDFAST_RETRY_SECONDS:-5}"
  done
  rm -rf "$release.new" && mkdir "$release.new"
  tar --extract --file "$release.part" --directory "$release.new" --no-same-owner
  rm "$release.part" && mv "$release.new" "$release"
fi
ln -sfn "$release" "$root/opt/holdfast/current"
exec "$release/first-boot" "$root/etc/holdfast/launch.json"
`;
  const bytes = Buffer.byteLength(script);
  if (bytes > MOST_BYTES) throw new Error(`user data has ${bytes} bytes, and EC2 takes ${MOST_BYTES}`);
  return script;
}

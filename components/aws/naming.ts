import { getProject, getStack } from '@pulumi/pulumi';

/** A name in the cloud that policies and machines know before the thing is made: `holdfast-production-media`. */
export function physicalName(part: string): string {
  return [getProject(), getStack(), part]
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

/** Tags that say which stack a thing belongs to and which part of it, before those of the user. */
export function tagsOf(part: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...more, Name: physicalName(part), 'holdfast:stack': physicalName(''), 'holdfast:part': part };
}

/** The private name under which media nodes find the control plane, and the zone that it is in. */
export function privateNames(): { readonly zone: string; readonly controlPlane: string } {
  const zone = `${physicalName('')}.internal`;
  return { zone, controlPlane: `control-plane.${zone}` };
}

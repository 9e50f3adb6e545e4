import {
  cloudError,
  isNoActiveAction,
  launchFailureCode,
} from '@holdfast/lifecycle-hooks/clouds/aws/cloud-error.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';

/** As the SDK throws it. */
const thrown = (name: string, status: number | undefined, message = 'what AWS says') =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });

describe('what a failed call to AWS means', () => {
  it.each([
    ['Throttling', 400, 'CLOUD_THROTTLED'],
    ['ThrottlingException', 400, 'CLOUD_THROTTLED'],
    ['RequestLimitExceeded', 503, 'CLOUD_THROTTLED'],
    ['TooManyRequestsException', 429, 'CLOUD_THROTTLED'],
    ['WhateverItIsCalled', 429, 'CLOUD_THROTTLED'],
    ['ScalingActivityInProgress', 400, 'CLOUD_CONFLICT'],
    ['ScalingActivityInProgressFault', 400, 'CLOUD_CONFLICT'],
    ['ResourceContention', 500, 'CLOUD_CONFLICT'],
    ['ResourceContentionFault', 500, 'CLOUD_CONFLICT'],
    ['IdempotentCallInProgressFault', 500, 'CLOUD_CONFLICT'],
    ['InsufficientInstanceCapacity', 400, 'CLOUD_NO_CAPACITY'],
    ['UnfulfillableCapacity', 400, 'CLOUD_NO_CAPACITY'],
    ['VcpuLimitExceeded', 400, 'CLOUD_QUOTA'],
    ['LimitExceededFault', 400, 'CLOUD_QUOTA'],
    ['MaxSpotInstanceCountExceeded', 400, 'CLOUD_QUOTA'],
    ['AccessDenied', 403, 'CLOUD_DENIED'],
    ['UnauthorizedOperation', 403, 'CLOUD_DENIED'],
    ['ExpiredToken', 400, 'CLOUD_DENIED'],
    ['CredentialsProviderError', undefined, 'CLOUD_DENIED'],
    ['WhateverItIsCalled', 401, 'CLOUD_DENIED'],
    ['WhateverItIsCalled', 403, 'CLOUD_DENIED'],
    ['InternalFailure', 500, 'CLOUD_UNREACHABLE'],
    ['ServiceUnavailable', 503, 'CLOUD_UNREACHABLE'],
    ['TimeoutError', undefined, 'CLOUD_UNREACHABLE'],
    ['ECONNRESET', undefined, 'CLOUD_UNREACHABLE'],
    ['ValidationError', 400, 'CLOUD_REFUSED'],
    ['InvalidParameterValue', 400, 'CLOUD_REFUSED'],
  ])('%s with HTTP %s is %s', (name, status, code) => {
    expect(cloudError('Call', thrown(name, status))).toMatchObject({
      code,
      message: `Call: ${name}: what AWS says`,
    });
  });

  it.each([
    ['Instance Id not found - No managed instance found for instance ID: i-1', 'NOT_FOUND'],
    ['AutoScalingGroup name not found - AutoScalingGroup media not found', 'NOT_FOUND'],
    ['Instance i-1 is not part of Auto Scaling group media.', 'NOT_FOUND'],
    ['New SetDesiredCapacity value 5 is above max value 4 for the AutoScalingGroup.', 'CLOUD_QUOTA'],
    ['The instance i-1 is not in InService or EnteringStandby or Standby.', 'CLOUD_CONFLICT'],
    ['You cannot update it: there is a pending delete for this resource.', 'CLOUD_CONFLICT'],
    ["Currently, desiredSize equals minSize (1). Terminating … violates group's min size.", 'CLOUD_REFUSED'],
    ['No active Lifecycle Action found with instance ID i-1', 'CLOUD_REFUSED'],
  ])('a ValidationError is told by its message: %s', (message, code) => {
    expect(cloudError('Call', thrown('ValidationError', 400, message)).code).toBe(code);
  });

  it('only what was throttled says when to come back', () => {
    expect(cloudError('Call', thrown('Throttling', 400)).retryAfterMs).toBeGreaterThan(0);
    expect(cloudError('Call', thrown('ScalingActivityInProgress', 400)).retryAfterMs).toBeUndefined();
  });

  it('an error of ours stays what it is, and what is no error is a mistake of ours', () => {
    const ours = new HoldfastError('CLOUD_REFUSED', 'because');
    expect(cloudError('Call', ours)).toBe(ours);
    expect(cloudError('Call', 'text')).toMatchObject({ code: 'INTERNAL', message: 'Call: text' });
  });

  it('a hook that does not hold its machine is known by its message', () => {
    const message = 'No active Lifecycle Action found with instance ID i-1';
    expect(isNoActiveAction(cloudError('Call', thrown('ValidationError', 400, message)))).toBe(true);
    expect(isNoActiveAction(cloudError('Call', thrown('ValidationError', 400)))).toBe(false);
  });
});

describe('why a launch has failed', () => {
  it.each([
    [
      'InsufficientInstanceCapacity: We currently do not have sufficient c7i.xlarge capacity',
      'CLOUD_NO_CAPACITY',
    ],
    [
      'We currently do not have sufficient c7i.xlarge capacity in the zone you requested.',
      'CLOUD_NO_CAPACITY',
    ],
    ['There is no Spot capacity available that matches your request.', 'CLOUD_NO_CAPACITY'],
    ['You have requested more vCPU capacity than your current vCPU limit of 32 allows', 'CLOUD_QUOTA'],
    ['InstanceLimitExceeded: Your quota allows for 0 more running instance(s).', 'CLOUD_QUOTA'],
    ['You are not authorized to perform this operation.', 'CLOUD_DENIED'],
    ['The image id [ami-1] does not exist.', 'CLOUD_REFUSED'],
  ])('%s', (message, code) => {
    expect(launchFailureCode(message)).toBe(code);
  });
});

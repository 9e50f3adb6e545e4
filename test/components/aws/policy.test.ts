import { expect, it } from 'vitest';
import { statementProblem } from '../../../components/aws/policy.ts';

it('takes rights on named resources, and descriptions of everything', () => {
  expect(statementProblem('A', ['s3:GetObject'], ['arn:aws:s3:::bucket/release/*'])).toBeUndefined();
  expect(
    statementProblem('B', ['autoscaling:DescribeAutoScalingGroups', 'ec2:DescribeAddresses'], ['*']),
  ).toBeUndefined();
});

it('refuses more than is needed, and says which right', () => {
  expect(statementProblem('A', ['s3:*'], ['arn:aws:s3:::bucket/*'])).toContain('s3:*');
  expect(statementProblem('B', ['ec2:DescribeAddresses', 'ec2:AssociateAddress'], ['*'])).toContain(
    'ec2:AssociateAddress is allowed on everything',
  );
  expect(statementProblem('C', ['s3:GetObject'], [])).toContain('no resource');
});

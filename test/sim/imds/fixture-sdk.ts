// A program as it runs on a node: no credentials but those of the instance's role, read by the SDK's own provider.
import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';

const client = new EC2Client({ region: 'us-east-1' });
const { Subnets } = await client.send(new DescribeSubnetsCommand({}));
process.stdout.write(JSON.stringify(Subnets?.map((subnet) => subnet.CidrBlock)));

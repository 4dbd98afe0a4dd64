import type { Dial, SimClient } from '../../../src/sim/index.ts';

/** What EC2 does to its clients; each turn takes one of each row. Times are its own business. */
const FAULTS: readonly (readonly Dial[])[] = [
  [
    { action: 'AssignPrivateIpAddresses', lost: true, probability: 0.6 },
    { action: 'AssignPrivateIpAddresses', throttled: true, probability: 0.7 },
    { action: 'AssignPrivateIpAddresses', error: 'InternalError', probability: 0.6 },
    { action: 'AssignPrivateIpAddresses', error: 'InsufficientFreeAddressesInSubnet', probability: 0.5 },
  ],
  [
    { action: 'UnassignPrivateIpAddresses', lost: true, probability: 0.7 },
    { action: 'UnassignPrivateIpAddresses', error: 'InternalError', probability: 0.6 },
    { action: 'UnassignPrivateIpAddresses', throttled: true, probability: 0.6 },
  ],
  [
    { action: 'CreateNetworkInterface', lost: true, probability: 0.7 },
    { action: 'CreateNetworkInterface', error: 'InternalError', probability: 0.6 },
    { action: 'AttachNetworkInterface', lost: true, probability: 0.7 },
    { action: 'AttachNetworkInterface', error: 'AttachmentLimitExceeded', probability: 0.5 },
    { action: 'ModifyNetworkInterfaceAttribute', lost: true, probability: 0.7 },
    { action: 'ModifyNetworkInterfaceAttribute', error: 'InternalError', probability: 0.7 },
  ],
  [
    { action: 'DetachNetworkInterface', lost: true, probability: 0.7 },
    { action: 'DetachNetworkInterface', error: 'InternalError', probability: 0.6 },
    { action: 'DeleteNetworkInterface', lost: true, probability: 0.7 },
    { action: 'DeleteNetworkInterface', throttled: true, probability: 0.7 },
  ],
  [
    { action: 'DescribeNetworkInterfaces', error: 'InternalError', probability: 0.5 },
    { action: 'DescribeNetworkInterfaces', throttled: true, probability: 0.5 },
    { action: 'DescribeNetworkInterfaces', stale: 'deleted-eni' },
    { action: 'DescribeSubnets', error: 'InternalError', probability: 0.7 },
  ],
  [
    { action: '*', delay: { minMs: 50, maxMs: 600 } },
    { action: '*', delay: { p50Ms: 80, p99Ms: 900 } },
    { action: '*', throttled: true, probability: 0.3 },
    { action: '*', lost: true, probability: 0.2 },
    { action: '*', error: 'InternalError', probability: 0.4 },
  ],
];

/** How the metadata service lies, or fails. */
const LIES: readonly Dial[] = [
  { action: 'IMDS', stale: 'missing-eni' },
  { action: 'IMDS', stale: 'missing-address' },
  { action: 'IMDS', stale: 'deleted-eni' },
  { action: 'IMDS', lagMs: 5_000 },
  { action: 'IMDS', lagMs: 60_000 },
  { action: 'IMDS', lagMs: 300_000 },
];
const SILENCE: readonly Dial[] = [
  { action: 'IMDS', error: '500', probability: 0.5 },
  { action: 'IMDS', throttled: true, probability: 0.3 },
  { action: 'IMDS', delay: { minMs: 100, maxMs: 1_500 } },
];

/** What was done to EC2 and the metadata, counted where it happens: in the simulator's own record. */
export interface WeatherReport {
  readonly turns: number;
  readonly dials: number;
  /** Answers of EC2 that were a refusal or were lost. */
  readonly faults: number;
  /** Kinds of them: action and what happened to it. */
  readonly kinds: number;
  /** Metadata answered while it lied. */
  readonly lies: number;
  /** EC2 calls that changed something and were told so. */
  readonly changes: ReadonlyMap<string, number>;
  readonly exhausted: number;
}

/** Turns the dials of a VPC at random and counts what that did. */
export class Weather {
  readonly #client: SimClient;
  readonly #random: () => number;
  #turns = 0;
  #dials = 0;
  #faults = 0;
  #lies = 0;
  #exhausted = 0;
  #isLying = false;
  readonly #kinds = new Set<string>();
  readonly #changes = new Map<string, number>();

  constructor(client: SimClient, random: () => number) {
    this.#client = client;
    this.#random = random;
  }

  /** New weather: what was set before is gone. */
  async turn(): Promise<void> {
    await this.calm();
    this.#turns += 1;
    // Half of the rows: what every action meets would else meet none.
    const faults = FAULTS.filter(() => this.#random() < 0.5).map((row) => this.#pick(row));
    const metadata = this.#random() < 0.75 ? this.#pick(LIES) : this.#pick(SILENCE);
    this.#isLying = LIES.includes(metadata);
    for (const dial of [...faults, metadata]) {
      this.#dials += 1;
      await this.#client.setDial(dial);
    }
    const slow = Math.round(200 + this.#random() * 3_000);
    await this.#client.setTimes({ attachMs: [100, slow], detachMs: [100, slow] });
    if (this.#random() < 0.2) {
      this.#exhausted += 1;
      for (const { id } of (await this.#client.status()).subnets)
        await this.#client.setSubnet(id, { strangers: 'exhaust', leave: Math.floor(this.#random() * 3) });
    }
  }

  /** Fine weather. */
  async calm(): Promise<void> {
    await this.#count();
    this.#isLying = false;
    await this.#client.clearDial(undefined);
    await this.#client.setTimes({ attachMs: 200, detachMs: 200 });
    for (const { id } of (await this.#client.status()).subnets)
      await this.#client.setSubnet(id, { strangers: 'release' });
  }

  async report(): Promise<WeatherReport> {
    await this.#count();
    return {
      turns: this.#turns,
      dials: this.#dials,
      faults: this.#faults,
      kinds: this.#kinds.size,
      lies: this.#lies,
      changes: this.#changes,
      exhausted: this.#exhausted,
    };
  }

  async #count(): Promise<void> {
    for (const { action, code, result } of await this.#client.calls({}, { clear: true })) {
      if (action.includes(' /')) {
        if (this.#isLying && code === 'OK') this.#lies += 1;
        continue;
      }
      const isLost = result.endsWith('the answer was lost');
      if (isLost || code !== 'OK') {
        this.#faults += 1;
        this.#kinds.add(`${action} ${isLost ? 'lost' : code}`);
      } else if (!action.startsWith('Describe')) this.#changes.set(action, (this.#changes.get(action) ?? 0) + 1);
    }
  }

  #pick(from: readonly Dial[]): Dial {
    const dial = from[Math.floor(this.#random() * from.length)];
    if (dial === undefined) throw new Error('there is no dial');
    return dial;
  }
}

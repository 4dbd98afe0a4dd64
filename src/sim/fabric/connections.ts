import { drop } from './table.ts';

type Direction = 'egress' | 'ingress';

/**
 * Security groups are stateful per ENI: a connection that one ENI lets pass is unknown to another that gets its
 * address. The router has one connection tracking for all, so a connection's mark says which two ports know it, by
 * their numbers: the upper half is the port of its originator, the lower half that of the other side.
 */
const HALVES = {
  upper: { mask: '0xffff0000', rest: '0x0000ffff', shift: 16 },
  lower: { mask: '0x0000ffff', rest: '0xffff0000', shift: 0 },
} as const;

/** Which half is this port's: a packet of the originator leaves by its port, an answer comes in there. */
const SIDES = {
  egress: { original: HALVES.upper, reply: HALVES.lower },
  ingress: { original: HALVES.lower, reply: HALVES.upper },
} as const;

const PACKETS = ['original', 'reply'] as const;

/** Ports have numbers from 1 to this. */
export const LAST_NUMBER = 0xffff;

/** Lets pass what belongs to a connection the port knows; everything else the port is about to know, or not. */
export function renderConnections(number: number, direction: Direction): readonly string[] {
  const own = ({ shift }: { readonly shift: number }): string =>
    `0x${(number * 2 ** shift).toString(16).padStart(8, '0')}`;
  const sides = PACKETS.map((packet) => ({ packet, half: SIDES[direction][packet] }));
  return [
    ...sides.map(
      ({ packet, half }) => `ct state established ct direction ${packet} ct mark & ${half.mask} == ${own(half)} accept`,
    ),
    ...sides.map(({ packet, half }) => `ct direction ${packet} ct mark set ct mark & ${half.rest} | ${own(half)}`),
  ];
}

/** What no group has let pass: the port does not know the connection after all. */
export function renderDenial(direction: Direction): readonly string[] {
  return [
    ...PACKETS.map((packet) => `ct direction ${packet} ct mark set ct mark & ${SIDES[direction][packet].rest}`),
    drop(`denied_${direction}`),
  ];
}

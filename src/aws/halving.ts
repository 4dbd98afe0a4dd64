import { type ErrorCode, toHostError } from '../errors/index.ts';

const ROOM: ReadonlySet<ErrorCode> = new Set(['SUBNET_NO_IPS', 'SUBNET_FRAGMENTED']);

/** Whether EC2 refused because a subnet has not as much room as was asked for. */
export const lacksRoom = (code: ErrorCode): boolean => ROOM.has(code);

/** A subnet with less room than asked for refuses the whole request: it is halved until it fits. */
export async function halving<T>(count: number, ask: (count: number) => Promise<T>): Promise<T> {
  for (let wanted = count; ; wanted = Math.floor(wanted / 2))
    try {
      return await ask(wanted);
    } catch (error) {
      if (wanted <= 1 || !lacksRoom(toHostError(error).code)) throw error;
    }
}

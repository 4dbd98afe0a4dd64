import type { LogLevel } from './types.ts';

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Reports whether a line of this severity is wanted at a level. */
export const isWanted = (severity: LogLevel, level: LogLevel): boolean => SEVERITY[severity] >= SEVERITY[level];

/** The least severity that is logged, which somebody may change while the program runs. */
export class LevelSwitch {
  readonly #usual: LogLevel;
  #level: LogLevel;

  constructor(usual: LogLevel) {
    this.#usual = usual;
    this.#level = usual;
  }

  get level(): LogLevel {
    return this.#level;
  }

  /** Changes between the usual level and `debug` (of a program that logs all anyway, `info`); the level from now on. */
  toggle(): LogLevel {
    const other = this.#usual === 'debug' ? 'info' : 'debug';
    this.#level = this.#level === this.#usual ? other : this.#usual;
    return this.#level;
  }
}

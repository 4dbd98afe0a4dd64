/** The simulator's own time: a clock that can be moved ahead, set, and made to stand still while the machine's runs on. */
export { isClockTime, parseDuration, parseTime } from './duration.ts';
export { createSimClock, type SimClock } from './sim-clock.ts';

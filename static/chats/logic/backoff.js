// How long the socket waits before it tries again.

const FIRST = [50, 150, 300, 700];
const GROWTH = 1.5;
const LONGEST = 10_000;

/**
 * Milliseconds before attempt number `attempt` (0: the first): 50, 150, 300, 700, then half as much again each time, up
 * to 10 s; up to a quarter is taken off at random, so that all pages do not come back at the same moment. A server that
 * was started again answers after a few seconds: doubling would let a page wait as long again.
 * @param {number} attempt
 * @param {() => number} random from 0 to 1
 */
export function delay(attempt, random) {
  const full = attempt < FIRST.length ? FIRST[attempt] : Math.min(LONGEST, 700 * GROWTH ** (attempt - FIRST.length + 1));
  return full * (1 - random() / 4);
}

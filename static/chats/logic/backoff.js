// How long the socket waits before it tries again.

const FIRST = [50, 150, 300, 700];
const LONGEST = 10_000;

/**
 * Milliseconds before attempt number `attempt` (0: the first): 50, 150, 300, 700, then doubling up to 10 s; up to a
 * quarter is taken off at random, so that all pages do not come back at the same moment.
 * @param {number} attempt
 * @param {() => number} random from 0 to 1
 */
export function delay(attempt, random) {
  const full = attempt < FIRST.length ? FIRST[attempt] : Math.min(LONGEST, 700 * 2 ** (attempt - FIRST.length + 1));
  return full * (1 - random() / 4);
}

// Times in the viewer's zone, as people say them.

const DAY = 86_400_000;
const format = (/** @type {Intl.DateTimeFormatOptions} */ options) => new Intl.DateTimeFormat("en-GB", options);
const CLOCK = format({ hour: "2-digit", minute: "2-digit" });
const SECONDS = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const WEEKDAY = format({ weekday: "short" });
const DATE = format({ day: "numeric", month: "short" });
const DATE_YEAR = format({ day: "numeric", month: "short", year: "numeric" });
const LONG_DAY = format({ weekday: "long", day: "numeric", month: "long" });
const LONG_DAY_YEAR = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const EXACT = format({ dateStyle: "full", timeStyle: "long" });

/** @param {Date} a @param {Date} b */
export function sameDay(a, b) {
  return a.toDateString() === b.toDateString();
}

/** @param {Date} date "10:42" */
export function clock(date) {
  return CLOCK.format(date);
}

/** @param {Date} date "10:42:07" */
export function clockSeconds(date) {
  return SECONDS.format(date);
}

/** @param {Date} date for the hover: day, time to the second, zone */
export function exact(date) {
  return EXACT.format(date);
}

/** @param {Date} date @param {Date} now */
function yesterday(date, now) {
  const before = new Date(now);
  before.setDate(now.getDate() - 1);
  return sameDay(date, before);
}

/**
 * For the chat list: 10:42, Yesterday, Fri, 3 Nov, 3 Nov 2025.
 * @param {Date} date
 * @param {Date} now
 */
export function listTime(date, now) {
  if (sameDay(date, now)) return clock(date);
  if (yesterday(date, now)) return "Yesterday";
  const age = now.getTime() - date.getTime();
  if (age > 0 && age < 6 * DAY) return WEEKDAY.format(date);
  return (date.getFullYear() === now.getFullYear() ? DATE : DATE_YEAR).format(date);
}

/**
 * For the line between days: Today, Yesterday, Friday 20 November.
 * @param {Date} date
 * @param {Date} now
 */
export function dayLabel(date, now) {
  if (sameDay(date, now)) return "Today";
  if (yesterday(date, now)) return "Yesterday";
  return (date.getFullYear() === now.getFullYear() ? LONG_DAY : LONG_DAY_YEAR).format(date);
}

/**
 * When something happens: "at 14:02" today, "on 3 Nov at 14:02" else; with seconds within the next two minutes.
 * @param {Date} date
 * @param {Date} now
 */
export function until(date, now) {
  const near = Math.abs(date.getTime() - now.getTime()) < 120_000;
  const time = near ? clockSeconds(date) : clock(date);
  return sameDay(date, now) ? `at ${time}` : `on ${DATE.format(date)} at ${time}`;
}

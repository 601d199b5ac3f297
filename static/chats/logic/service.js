// Service messages as sentences; pure. The same as tgadmin/core/service_messages.py, by the same rules.

import { ABOUT, MAX_NAMED, RULES, SOMEBODY, UNITS, WHOLE_CURRENCIES } from "./service_rules.js";

/** @typedef {Record<string, any>} Facts an action's kind and facts, and `names` of people by their ids */

/**
 * What happened, for people.
 * @param {Facts} service
 * @param {string} who the name of its sender
 * @param {number | null} [senderId]
 * @param {string} [chat] "group" or "channel"
 */
export function service(service, who, senderId = null, chat = "group") {
  const rules = Object.hasOwn(RULES, service.kind) ? RULES[service.kind] : undefined;
  if (!rules) return `${who}: ${String(service.kind || "event").replaceAll("_", " ")}`;
  const names = service.names ?? {};
  const ids = about(service);
  const bySelf = ids.length === 1 && ids[0] === senderId;
  const [, template] = rules.find(([when]) => when.split("+").every((one) => holds(one, service, bySelf))) ?? ["", ""];
  return template
    .replace(/\{(\w+)(?::(\w+))?\}/g, (_, name, form) => {
      if (name === "who") return who;
      if (name === "chat") return chat;
      if (name === "people") return named(ids, names);
      return formed(service[name], form, service, names);
    })
    .replaceAll(" “”", "");
}

/** @param {Facts} service @returns {number[]} */
function about(service) {
  for (const name of ABOUT) {
    const ids = [service[name]].flat().filter((one) => Number.isInteger(one));
    if (ids.length) return ids;
  }
  return [];
}

/** @param {string} condition @param {Facts} service @param {boolean} bySelf */
function holds(condition, service, bySelf) {
  if (condition === "") return true;
  if (condition === "self") return bySelf;
  const [name, wanted] = condition.split("=");
  const value = service[name];
  if (wanted !== undefined) return plain(value) === wanted;
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** @param {unknown} value */
function plain(value) {
  return ["boolean", "number", "string"].includes(typeof value) ? String(value) : "";
}

/** @param {number[]} ids @param {Record<string, string>} names */
function named(ids, names) {
  const shown = ids.slice(0, ids.length <= MAX_NAMED ? MAX_NAMED : MAX_NAMED - 1).map((id) => names[id] || SOMEBODY);
  if (ids.length > MAX_NAMED) shown.push(`${ids.length - shown.length} others`);
  if (!shown.length) return SOMEBODY;
  return [shown.slice(0, -1).join(", "), shown[shown.length - 1]].filter(Boolean).join(" and ");
}

/** @param {any} value @param {string | undefined} form @param {Facts} service @param {Record<string, string>} names */
function formed(value, form, service, names) {
  switch (form) {
    case "time":
      return typeof value === "number" ? duration(value) : "";
    case "date":
      return typeof value === "string" ? `${value.slice(0, 10)} ${value.slice(11, 16)} UTC` : "";
    case "money":
      return money(value, service.currency);
    case "person":
      return names[value] || SOMEBODY;
    default:
      return plain(value);
  }
}

/** In the largest unit that fits, rounded down. @param {number} seconds */
function duration(seconds) {
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? ["second", 1];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** @param {unknown} amount in the smallest unit @param {unknown} currency */
function money(amount, currency) {
  if (typeof amount !== "number" || !Number.isInteger(amount) || typeof currency !== "string") return "something";
  if (currency === "XTR") return `${amount} Stars`;
  return WHOLE_CURRENCIES.includes(currency) ? `${amount} ${currency}` : `${(amount / 100).toFixed(2)} ${currency}`;
}

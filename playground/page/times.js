// Times as people read them: Discord's time styles in the viewer's language. Makes `time` elements
// and does not update them later.

import { el } from "./nodes.js";

function formatted(locale, options, date) {
  try {
    return new Intl.DateTimeFormat(locale, options).format(date);
  } catch {
    return new Intl.DateTimeFormat(undefined, options).format(date);
  }
}

function relativeTime(date, locale) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const units = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600],
    ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units.at(-1);
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" })
    .format(Math.round(seconds / size), unit);
}

const TIME_STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

export function timeNode(date, style, locale, className = "time") {
  if (Number.isNaN(date.getTime())) return el("span", {}, "an unknown time");
  const full = formatted(locale, TIME_STYLES.F, date);
  const text = style === "R" ? relativeTime(date, locale)
    : formatted(locale, TIME_STYLES[style] ?? TIME_STYLES.f, date);
  return el("time", { class: className, datetime: date.toISOString(), title: full }, text);
}

export function messageTime(timestamp, locale) {
  const date = new Date(timestamp);
  const today = date.toDateString() === new Date().toDateString();
  return timeNode(date, today ? "t" : "f", locale);
}

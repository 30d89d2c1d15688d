// The transcript beside the messages: what the bot and the playground sent each other, newest first.

import * as api from "./api.js";
import { handleRefusal } from "./connection.js";
import { el } from "./nodes.js";
import { at, locale } from "./state.js";

/** Lines of the transcript that are drawn. */
const MOST_ENTRIES = 300;

function entryItem({ at: time, direction, kind, summary: text }) {
  return el("li", {},
    el("span", { class: "entry-head" },
      el("span", {}, clockTime(time)), el("span", {}, direction.replace("_", " ")),
      el("strong", {}, kind)),
    el("code", { dir: "auto" }, text));
}

export async function refreshTranscript() {
  const body = at("transcript-body");
  try {
    const { entries = [], unimplemented = [] } = await api.loadTranscript();
    body.replaceChildren(el("div", {},
      el("h3", {}, "Asked for, but not built here"),
      unimplemented.length === 0 ? el("p", {}, "Nothing: each route that the bot used exists.")
        : el("ul", {}, unimplemented.map((route) => el("li", {}, el("code", {}, route)))),
      el("h3", {}, "What was sent, newest first"),
      entries.length > MOST_ENTRIES
        && el("p", { class: "muted" }, `The newest ${MOST_ENTRIES} of ${entries.length}.`),
      el("ol", { class: "entries" }, entries.slice(-MOST_ENTRIES).reverse().map(entryItem))));
  } catch (error) {
    handleRefusal(error);
    body.replaceChildren(el("p", { class: "error", role: "alert" }, error.message));
  }
}

function clockTime(value) {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : date.toLocaleTimeString(locale());
}

export function toggleTranscript(open) {
  at("transcript").hidden = !open;
  at("transcript-toggle").setAttribute("aria-expanded", String(open));
  if (open) refreshTranscript();
  at(open ? "transcript-title" : "transcript-toggle").focus();
}

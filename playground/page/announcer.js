// Tells screen readers what is new: a message or an answer at once, what changes in it afterwards at
// most once in some seconds, so that the progress of a long job is not read out percent by percent.

import { at, page } from "./state.js";

/** Between two announcements of changes in the same message. */
const PAUSE_MS = 5_000;
/** Characters of one announcement. */
const MOST = 300;
const SPOKEN = ".content, .embed-author, .embed-title, .embed-text, .field, .embed-footer, "
  + ".picture-image, [data-testid='component-button']:not(:disabled)";

/** By message: its texts as they were last told, when that was, and the timer of the next time. */
const told = new Map();

function say(text) {
  at("announcer").textContent = text;
}

const authorOf = (node) => node.querySelector(".author").textContent;

/** What can be read in a drawn message, piece by piece; spoilers stay hidden in it. */
function texts(node) {
  return [...node.querySelectorAll(SPOKEN)].map((each) => {
    if (each.matches(".picture-image")) return `Picture: ${each.alt}`;
    if (each.matches("[data-testid]")) return `Button: ${each.innerText.trim()}`;
    return each.innerText.trim();
  }).filter(Boolean);
}

/** A short sentence about a new message. */
function summary(view, node) {
  const { thinking, failed } = view.playground ?? {};
  if (failed) return failed;
  if (thinking) return `${authorOf(node)} is thinking`;
  const pictures = node.querySelectorAll(".picture-image").length;
  const text = node.querySelector(".content, .embed-title, .embed-text")?.innerText ?? "";
  const count = pictures > 0 ? `. ${pictures} ${pictures === 1 ? "picture" : "pictures"}` : "";
  return `${authorOf(node)}: ${text.slice(0, MOST)}${count}`;
}

function sayChange(id, node) {
  const record = told.get(id);
  if (!record) return;
  record.timer = null;
  if (!node.isConnected) return;
  const now = texts(node);
  const fresh = now.filter((text) => !record.texts.includes(text));
  record.texts = now;
  if (fresh.length === 0) return;
  record.when = Date.now();
  say(`${authorOf(node)}: ${fresh.join(". ").slice(0, MOST)}`);
}

/** To be called before a message is drawn anew: what is read in it then is known already. */
export function beforeChange(id, node) {
  if (!told.has(id)) told.set(id, { texts: texts(node), when: 0, timer: null });
}

/** Says new messages, answers and changes; replays of what was there before stay silent. */
export function announce(view, node, before) {
  if (!before && Date.parse(view.timestamp) < page.loadedAt - 1000) return;
  const { thinking, failed } = view.playground ?? {};
  const was = before?.playground;
  if (!before || was?.thinking !== thinking || was?.failed !== failed) {
    forget(view.id);
    // The answer itself need not wait for the end of a pause.
    const when = thinking ? 0 : Date.now();
    told.set(view.id, { texts: texts(node), when, timer: null });
    say(summary(view, node));
    return;
  }
  const record = told.get(view.id);
  // What comes while a timer runs is told when it ends.
  if (!record || record.timer) return;
  const wait = record.when + PAUSE_MS - Date.now();
  if (wait > 0) record.timer = setTimeout(() => sayChange(view.id, node), wait);
  else sayChange(view.id, node);
}

/** Drops what was still to be said of a message. */
export function forget(id) {
  clearTimeout(told.get(id)?.timer);
  told.delete(id);
}

/** Drops what was still to be said of any message. */
export function forgetAll() {
  [...told.keys()].forEach(forget);
}

// Keeps the reader's place while the list of messages changes: what they look at stays where it is on
// the screen, and the focus stays on what it was on.

import { at } from "./state.js";

const FOCUSABLE = "button, a, select, input";

/** What begins on the screen, from the top: messages, their parts, those of embeds, pictures. */
function inSight(view) {
  const found = [];
  for (const item of at("messages").children) {
    const box = item.getBoundingClientRect();
    if (box.bottom <= view.top) continue;
    if (box.top >= view.bottom) break;
    const nodes = [item, ...item.querySelectorAll(".message-main > *, .embed > *, .picture")];
    found.push(...nodes.map((node) => ({ node, top: node.getBoundingClientRect().top })));
  }
  const begins = found.filter(({ top }) => top >= view.top && top < view.bottom);
  return begins.length > 0 ? begins : found.slice(0, 1);
}

/** Does the change and then scrolls so that what was at the top of the screen is there again. */
export function keepPlace(change) {
  const scroller = at("scroller");
  const marks = inSight(scroller.getBoundingClientRect());
  const result = change();
  const mark = marks.find(({ node }) => node.isConnected);
  const moved = mark ? mark.node.getBoundingClientRect().top - mark.top : 0;
  if (moved !== 0) scroller.scrollTop += moved;
  return result;
}

/** Does the change inside a node; a focused element that it draws anew is focused again. */
export function keepFocus(node, change) {
  const { activeElement: focused } = document;
  if (!node.contains(focused)) {
    change();
    return;
  }
  const index = [...node.querySelectorAll(FOCUSABLE)].indexOf(focused);
  const { textContent: text, dataset: { customId } } = focused;
  change();
  if (document.activeElement === focused) return;
  const all = [...node.querySelectorAll(FOCUSABLE)];
  const goal = [
    node.contains(focused) && focused,
    customId && all.find((each) => each.dataset.customId === customId),
    text && all.find((each) => each.textContent === text),
    all[index],
  ].find(Boolean);
  (goal && !goal.disabled ? goal : node).focus({ preventScroll: true });
}

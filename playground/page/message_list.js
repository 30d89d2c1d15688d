// The list of messages of one channel: each in its place and drawn anew when it changes, the place of
// scrolling and focus, what an empty channel offers, and what screen readers are told.

import * as api from "./api.js";
import { el } from "./nodes.js";
import { message, summary } from "./render.js";
import { at, leaves, page } from "./state.js";

export const isVisible = (view) => {
  const only = view.playground?.ephemeral_to;
  return (!only || only === page.userId) && !page.dismissed.has(view.id);
};

const isEarlier = (one, other) => BigInt(one) < BigInt(other);

/** Where the focus was inside a message, so that it survives a new drawing. */
function focusPlace(node) {
  if (!node.contains(document.activeElement)) return null;
  const all = [...node.querySelectorAll("button, a, select, input")];
  return { index: all.indexOf(document.activeElement), text: document.activeElement.textContent };
}

function restoreFocus(node, place) {
  const all = [...node.querySelectorAll("button, a, select, input")];
  const same = all.find((each) => place.text && each.textContent === place.text);
  const goal = same ?? all[place.index];
  if (goal && !goal.disabled) goal.focus({ preventScroll: true });
  else node.focus({ preventScroll: true });
}

/** Says new messages and answers aloud; replays of what was there before stay silent. */
export function announce(view, node, before) {
  const changed = !before || before.playground?.thinking !== view.playground?.thinking
    || before.playground?.failed !== view.playground?.failed;
  const isNew = before || Date.parse(view.timestamp) >= page.loadedAt - 1000;
  if (changed && isNew) at("announcer").textContent = summary(view, node);
}

export class MessageList {
  /** `context()` is that of render.js; `openForm(leaf)` opens the form of a command. */
  constructor(context, openForm) {
    this.context = context;
    this.openForm = openForm;
  }

  nodeOf(id) {
    return at("messages").querySelector(`[data-message-id="${CSS.escape(id)}"]`);
  }

  /** Draws a message in its place; one that is there already is replaced. */
  put(view) {
    const list = at("messages");
    const old = this.nodeOf(view.id);
    const node = message(view, this.context());
    page.views.set(view.id, view);
    if (old) {
      const place = focusPlace(old);
      old.replaceWith(node);
      if (place) restoreFocus(node, place);
    } else {
      const after = [...list.children].findLast((each) =>
        isEarlier(each.dataset.messageId, view.id));
      if (after) after.after(node);
      else list.prepend(node);
    }
    this.showEmpty();
    return node;
  }

  /** Takes a message away, if it is there. */
  remove(id) {
    page.views.delete(id);
    this.nodeOf(id)?.remove();
    this.showEmpty();
  }

  scrollToEnd() {
    const scroller = at("scroller");
    scroller.scrollTop = scroller.scrollHeight;
  }

  /** Shows the end of the list, or the beginning of a message that is taller than the list. */
  follow(node) {
    if (!page.atEnd) return;
    const scroller = at("scroller");
    if (node.offsetHeight > scroller.clientHeight) {
      scroller.scrollTop = node.offsetTop;
      page.atEnd = false;
    } else {
      this.scrollToEnd();
    }
  }

  showEmpty() {
    const empty = at("messages").children.length === 0;
    at("empty").hidden = !empty;
    if (!empty) return;
    at("starters").replaceChildren(...leaves().slice(0, 5).map((leaf) => el("li", {},
      el("button", { type: "button", class: "starter", onclick: () => this.openForm(leaf) },
        el("strong", { dir: "auto" }, `/${leaf.label}`),
        el("span", { dir: "auto" }, leaf.description)))));
  }

  /** Loads and draws the channel that is shown now. */
  async showChannel() {
    const [channelId, userId] = [page.channelId, page.userId];
    const views = await api.loadMessages(channelId, userId);
    // Another channel or user was chosen meanwhile.
    if (channelId !== page.channelId || userId !== page.userId) return;
    page.views.clear();
    at("messages").replaceChildren();
    views.filter(isVisible).forEach((view) => this.put(view));
    this.showEmpty();
    page.atEnd = true;
    this.scrollToEnd();
  }
}

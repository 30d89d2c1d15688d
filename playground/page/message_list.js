// The list of messages of one channel: each in its place and drawn anew where it changes, without
// moving the reader, the end that is followed, and what an empty channel offers.

import * as announcer from "./announcer.js";
import * as api from "./api.js";
import { el } from "./nodes.js";
import { keepFocus, keepPlace } from "./place.js";
import { message, redraw } from "./render.js";
import { at, leaves, page } from "./state.js";

export const isVisible = (view) => {
  const only = view.playground?.ephemeral_to;
  return (!only || only === page.userId) && !page.dismissed.has(view.id);
};

const isEarlier = (one, other) => BigInt(one) < BigInt(other);

export class MessageList {
  /** `context()` is that of render.js; `openForm(leaf)` opens the form of a command. */
  constructor(context, openForm) {
    this.context = context;
    this.openForm = openForm;
  }

  nodeOf(id) {
    return at("messages").querySelector(`[data-message-id="${CSS.escape(id)}"]`);
  }

  /** Draws a message in its place, or what is new in one that is there already. */
  put(view) {
    return keepPlace(() => this.draw(view));
  }

  draw(view) {
    const known = this.nodeOf(view.id);
    page.views.set(view.id, view);
    if (known) {
      announcer.beforeChange(view.id, known);
      keepFocus(known, () => redraw(known, view, this.context()));
      // An answer to a press may leave its button as it was.
      known.querySelectorAll("[aria-busy]").forEach((each) => each.removeAttribute("aria-busy"));
      return known;
    }
    const node = message(view, this.context());
    const after = [...at("messages").children].findLast((each) =>
      isEarlier(each.dataset.messageId, view.id));
    if (after) after.after(node);
    else at("messages").prepend(node);
    this.showEmpty();
    return node;
  }

  /** Takes a message away, if it is there. */
  remove(id) {
    page.views.delete(id);
    announcer.forget(id);
    keepPlace(() => this.nodeOf(id)?.remove());
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
    announcer.forgetAll();
    at("messages").replaceChildren();
    views.filter(isVisible).forEach((view) => this.draw(view));
    this.showEmpty();
    page.atEnd = true;
    this.scrollToEnd();
  }
}

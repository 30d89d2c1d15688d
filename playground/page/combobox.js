// A text field with a list that opens below or above it (the ARIA combobox pattern), and what fills
// that list with the bot's suggestions.

import { localised, nested } from "./commands.js";
import { el, freshId } from "./nodes.js";

const DEBOUNCE_MS = 150;
export const MOST_SUGGESTIONS = 25;

/** The ARIA combobox pattern for a text field and the popup with its list. */
export class Combobox {
  constructor(input, popup, { label, onPick }) {
    this.input = input;
    this.popup = popup;
    this.onPick = onPick;
    this.items = [];
    this.active = -1;
    const id = freshId("listbox");
    this.list = el("ul", { id, role: "listbox", "aria-label": label });
    this.note = el("p", { class: "popup-note", role: "status" });
    popup.append(this.list, this.note);
    const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-controls": id,
      "aria-expanded": "false", autocomplete: "off" };
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    input.addEventListener("blur", () => this.hide());
    // A press on the list must not take the focus from the field.
    popup.addEventListener("mousedown", (event) => event.preventDefault());
  }

  get isOpen() {
    return !this.popup.hidden;
  }

  /** Items: { label, detail, tag, testid, … }; the whole item goes to onPick. */
  show(items, { active = -1, note = "" } = {}) {
    this.items = items;
    this.list.replaceChildren(...items.map((item, at) => el("li", {
      id: `${this.list.id}-${at}`, role: "option", "aria-selected": "false",
      "data-testid": item.testid,
      onclick: () => this.pick(at),
    },
      el("span", { class: "item-label", dir: "auto" }, item.label),
      item.tag && el("span", { class: "item-tag" }, item.tag),
      item.detail && el("span", { class: "item-detail", dir: "auto" }, item.detail))));
    this.list.hidden = items.length === 0;
    this.note.textContent = note;
    this.popup.hidden = items.length === 0 && !note;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    this.activate(items.length > 0 ? active : -1);
  }

  hide() {
    this.show([]);
  }

  activate(at) {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = at;
    const node = this.list.children[at];
    if (!node) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    node.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", node.id);
    node.scrollIntoView({ block: "nearest" });
  }

  pick(at) {
    const item = this.items[at];
    this.hide();
    this.onPick(item);
  }

  /** Whether the key was meant for the list. */
  takesKey(event) {
    if (event.isComposing || !this.isOpen) return false;
    const count = this.items.length;
    if (event.key === "Escape") this.hide();
    else if (count === 0) return false;
    else if (event.key === "ArrowDown") this.activate((this.active + 1) % count);
    else if (event.key === "ArrowUp") this.activate((this.active <= 0 ? count : this.active) - 1);
    else if (event.key === "Enter" && this.active >= 0) this.pick(this.active);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}

/** Asks for suggestions after a pause in typing; an answer that is overtaken is dropped. */
export class Suggester {
  constructor(combobox, services) {
    this.combobox = combobox;
    this.services = services;
  }

  stop() {
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  /** `ask()` gives { leaf, options } at the time of asking. */
  later(ask) {
    this.stop();
    this.timer = setTimeout(() => this.fetch(ask()), DEBOUNCE_MS);
  }

  async fetch({ leaf, options }) {
    const abort = new AbortController();
    this.abort = abort;
    try {
      const choices = await this.services.autocomplete(leaf, nested(leaf, options), abort.signal);
      if (abort.signal.aborted) return;
      const items = choices.slice(0, MOST_SUGGESTIONS).map((choice) => ({
        label: localised(choice, "name", this.services.locale()), value: choice.value,
        testid: "autocomplete-option",
      }));
      this.combobox.show(items, { note: items.length === 0 ? "No suggestions for this." : "" });
    } catch (error) {
      if (abort.signal.aborted) return;
      this.combobox.show([], { note: `No suggestions: ${error.message}` });
    }
  }
}

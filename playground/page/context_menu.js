// The menu that opens below a button, such as the commands for a message or a user. One is open at
// a time; it knows nothing of what its items do.

import { el } from "./nodes.js";

let closeOpenMenu = null;

/** A menu below its button. Items: { label, run }; `empty` is said if there are none. */
export function openMenu(button, { heading, items, empty }) {
  closeOpenMenu?.(false);
  const close = (refocus = true) => {
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    closeOpenMenu = null;
    if (refocus) button.focus();
  };
  const outside = (event) => {
    if (!menu.contains(event.target)) close(false);
  };
  const entry = (item) => el("li", { role: "none" }, el("button", {
    type: "button", role: "menuitem", tabindex: "-1", dir: "auto", "data-testid": "menu-item",
    onclick: () => {
      close();
      item.run();
    },
  }, item.label));
  const menu = el("div", { class: "menu" },
    el("p", { class: "menu-title", dir: "auto" }, heading),
    items.length === 0 && el("p", { class: "menu-empty", tabindex: "-1" }, empty),
    items.length > 0 && el("ul", { role: "menu", "aria-label": heading }, items.map(entry)));
  menu.addEventListener("keydown", (event) => {
    const all = [...menu.querySelectorAll("[role='menuitem']")];
    const at = all.indexOf(document.activeElement);
    const goal = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (goal !== undefined) all.at(goal % all.length)?.focus();
    else if (event.key === "Escape") close();
    else if (event.key === "Tab") return void close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  button.after(menu);
  button.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", outside, true);
  closeOpenMenu = close;
  menu.querySelector("[role='menuitem'], .menu-empty")?.focus();
  menu.scrollIntoView({ block: "nearest" });
}

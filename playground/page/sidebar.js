// Draws the side bar: the channels, the acting user with roles and language, and opens it on narrow
// screens. What a choice does is up to the caller.

import { el } from "./nodes.js";
import { keepFocus } from "./place.js";
import { at, channel, channels, locale, nameOf, page, user } from "./state.js";

const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

/** Draws the channels and the name above the messages; `choose` gets the id of a pressed channel. */
export function drawChannels(choose) {
  const marks = { text: "#", thread: "\u21B3", dm: "@" };
  const words = { text: "channel", thread: "thread", dm: "direct messages" };
  const items = channels().map((each) => el("li", {},
    el("button", {
      type: "button", class: "channel", "data-channel-id": each.id,
      "aria-current": each.id === page.channelId ? "true" : null,
      onclick: () => choose(each.id),
    },
      el("span", { "aria-hidden": "true" }, `${marks[each.kind] ?? "#"} `),
      el("bdi", {}, each.name),
      el("span", { class: "for-readers" }, `, ${words[each.kind] ?? "channel"}`),
      page.unread.has(each.id) && el("span", { class: "badge" }, "new"))));
  keepFocus(at("channels"), () => at("channels").replaceChildren(...items));
  const current = channel();
  at("channel-name").textContent = current
    ? `${marks[current.kind] ?? "#"} ${current.name}` : "No channel";
}

function roleNames(each) {
  return page.state.roles
    .filter((role) => role.id !== page.state.guild.id && each.roles.includes(role.id))
    .map(({ name }) => name).join(", ") || "no role";
}

const languageName = (code) => {
  try {
    return `${LANGUAGES.of(code)} (${code})`;
  } catch {
    return code;
  }
};

/** Draws who acts; `changeRoles` is called when a role was ticked or unticked. */
export function drawPerson(changeRoles) {
  const { users, roles, guild, locales } = page.state;
  at("user").replaceChildren(...users.map((each) => el("option", {
    value: each.id, selected: each.id === page.userId,
  }, `${nameOf(each)} — ${roleNames(each)}${each.is_tutor ? " (tutor)" : ""}`)));
  const boxes = roles.filter(({ id }) => id !== guild.id).map((role) => el("label", { dir: "auto" },
    el("input", { type: "checkbox", value: role.id, checked: user().roles.includes(role.id),
      onchange: changeRoles }), ` ${role.name}`));
  keepFocus(at("roles"), () =>
    at("roles").replaceChildren(el("legend", {}, "Roles of this user"), ...boxes));
  at("locale").replaceChildren(...locales.map((code) =>
    el("option", { value: code, selected: code === locale() }, languageName(code))));
}

/** The ids of the roles that are ticked. */
export function tickedRoles() {
  return [...at("roles").querySelectorAll("input:checked")].map((box) => box.value);
}

export function toggleSidebar(open) {
  at("sidebar").classList.toggle("open", open);
  at("sidebar-toggle").setAttribute("aria-expanded", String(open));
  if (open) at("channels").querySelector("button")?.focus();
}

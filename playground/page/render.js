// Draws a message that the bot sent, from its head to its components, and draws it anew where it
// changes. Builds nodes only, never markup from text, and sends nothing: presses go to the `context`
// that the caller gives.
//
// The context: locale, viewerId, names { user(id), role(id), channel(id), all() } and the callbacks
// press(view, component, values, control), menu(kind, target, anchor), dismiss(view),
// enlarge(source, alt), command(name).

import { component } from "./components.js";
import { markdown } from "./markdown.js";
import { mediaParts } from "./media.js";
import { el } from "./nodes.js";
import { Parts } from "./parts.js";
import { messageTime } from "./times.js";

/** The parts of each drawn message. */
const drawn = new WeakMap();

function messageHead(view, name, context) {
  const author = view.author ?? {};
  return el("header", { class: "message-head" },
    el("span", { class: "menu-anchor" }, el("button", {
      type: "button", class: "author", dir: "auto",
      "aria-haspopup": "menu", "aria-expanded": "false",
      onclick: (event) => context.menu("user", author, event.currentTarget),
      oncontextmenu: (event) => {
        event.preventDefault();
        event.stopPropagation();
        context.menu("user", author, event.currentTarget);
      },
    }, name)),
    author.bot && el("span", { class: "badge" }, "BOT"),
    messageTime(view.timestamp, context.locale),
    el("span", { class: "edited", hidden: true }, "(edited)"),
    el("span", { class: "menu-anchor message-menu" }, el("button", {
      type: "button", class: "plain dots", "aria-label": `More for the message of ${name}`,
      "aria-haspopup": "menu", "aria-expanded": "false", "data-testid": "message-menu",
      onclick: (event) => context.menu("message", view, event.currentTarget),
    }, "\u22EF")));
}

/** What of a message may change, part by part. */
function bodyParts(view, name, { thinking, failed }, context) {
  return [
    { key: "thinking", data: thinking, draw: () => thinking
      && el("p", { class: "thinking" }, `${name} is thinking`,
        el("span", { class: "dots-moving", "aria-hidden": "true" },
          el("i", {}, "."), el("i", {}, "."), el("i", {}, "."))) },
    { key: "content", data: view.content, draw: () => view.content
      && el("div", { class: "content" }, markdown(view.content, context)) },
    ...mediaParts(view, context),
    ...(view.components ?? []).map((part, index) => (
      { key: `component-${index}`, data: part, draw: () => component(view, part, context) })),
    { key: "failed", data: failed, draw: () => failed && el("p", { class: "failed" },
      el("span", { "aria-hidden": "true" }, "\u26A0 "), failed) },
  ];
}

function nameOf({ author = {} }, context) {
  return context.names.user(author.id) || author.global_name || author.username || "Unknown";
}

/** Draws a newer version of a message into its item: only what looks different changes. */
export function redraw(item, view, context) {
  const facts = view.playground ?? {};
  item.dataset.state = facts.failed ? "failed" : facts.thinking ? "thinking" : "done";
  item.querySelector(".edited").hidden = !view.edited_timestamp;
  drawn.get(item).draw(bodyParts(view, nameOf(view, context), facts, context));
}

/** The list item of one message. */
export function message(view, context) {
  const facts = view.playground ?? {};
  const author = view.author ?? {};
  const name = nameOf(view, context);
  const problem = el("p", { class: "error message-error", role: "alert" });
  const ephemeral = Boolean(facts.ephemeral_to);
  const invoked = facts.invoked_by;
  const item = el("li", {
    class: ephemeral ? "message ephemeral" : "message", tabindex: "-1",
    "data-testid": "message", "data-message-id": view.id,
    "data-ephemeral": String(ephemeral),
    oncontextmenu: (event) => {
      // The browser's own menu stays for links, pictures and marked text.
      if (event.target.closest("a, img, input, select") || !getSelection().isCollapsed) return;
      event.preventDefault();
      context.menu("message", view, item.querySelector("[data-testid='message-menu']"));
    },
  },
    invoked && el("p", { class: "invoked" }, el("span", { "aria-hidden": "true" }, "\u21B1 "),
      el("bdi", {}, invoked.user), " used ", el("bdi", { class: "mention" }, invoked.command)),
    el("span", { class: `avatar avatar-${Number(BigInt(author.id ?? 0) % 5n)}`,
      "aria-hidden": "true" }, [...name][0]?.toUpperCase()),
    el("article", { class: "message-main", "aria-label": `Message of ${name}` },
      messageHead(view, name, context),
      problem,
      ephemeral && el("p", { class: "only-you" },
        "Only you can see this. ",
        el("button", { type: "button", class: "as-link", "data-testid": "dismiss",
          onclick: () => context.dismiss(view) }, "Dismiss message"))));
  drawn.set(item, new Parts(problem));
  redraw(item, view, context);
  return item;
}

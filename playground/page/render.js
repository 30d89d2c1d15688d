// Draws a message that the bot sent, from its head to its components, and sums it up for screen
// readers. Builds nodes only, never markup from text, and sends nothing: presses go to the `context`
// that the caller gives.
//
// The context: locale, viewerId, names { user(id), role(id), channel(id), all() } and the callbacks
// press(view, component, values, control), menu(kind, target, anchor), dismiss(view),
// enlarge(source, alt), command(name).

import { component } from "./components.js";
import { markdown } from "./markdown.js";
import { media } from "./media.js";
import { el } from "./nodes.js";
import { messageTime } from "./times.js";

/** A short sentence about a drawn message, for the live region: spoilers stay hidden in it. */
export function summary(view, node) {
  const { thinking, failed } = view.playground ?? {};
  const name = node.querySelector(".author").textContent;
  if (failed) return failed;
  if (thinking) return `${name} is thinking`;
  const pictures = node.querySelectorAll(".picture-image").length;
  const text = node.querySelector(".content, .embed-title, .embed-text")?.innerText ?? "";
  const count = pictures > 0 ? `. ${pictures} ${pictures === 1 ? "picture" : "pictures"}` : "";
  return `${name}: ${text.slice(0, 300)}${count}`;
}

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
    view.edited_timestamp && el("span", { class: "edited" }, "(edited)"),
    el("span", { class: "menu-anchor message-menu" }, el("button", {
      type: "button", class: "plain dots", "aria-label": `More for the message of ${name}`,
      "aria-haspopup": "menu", "aria-expanded": "false", "data-testid": "message-menu",
      onclick: (event) => context.menu("message", view, event.currentTarget),
    }, "\u22EF")));
}

function messageBody(view, name, { thinking, failed }, context) {
  return [
    thinking && el("p", { class: "thinking" }, `${name} is thinking`,
      el("span", { class: "dots-moving", "aria-hidden": "true" },
        el("i", {}, "."), el("i", {}, "."), el("i", {}, "."))),
    view.content && el("div", { class: "content" }, markdown(view.content, context)),
    media(view, context),
    (view.components ?? []).map((part) => component(view, part, context)),
    failed && el("p", { class: "failed" },
      el("span", { "aria-hidden": "true" }, "\u26A0 "), failed),
    el("p", { class: "error message-error", role: "alert" }),
  ];
}

/** The list item of one message. */
export function message(view, context) {
  const facts = view.playground ?? {};
  const author = view.author ?? {};
  const name = context.names.user(author.id) || author.global_name || author.username || "Unknown";
  const ephemeral = Boolean(facts.ephemeral_to);
  const invoked = facts.invoked_by;
  const item = el("li", {
    class: ephemeral ? "message ephemeral" : "message", tabindex: "-1",
    "data-testid": "message", "data-message-id": view.id,
    "data-state": facts.failed ? "failed" : facts.thinking ? "thinking" : "done",
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
      messageBody(view, name, facts, context),
      ephemeral && el("p", { class: "only-you" },
        "Only you can see this. ",
        el("button", { type: "button", class: "as-link", "data-testid": "dismiss",
          onclick: () => context.dismiss(view) }, "Dismiss message"))));
  return item;
}

// Draws what the bot sent: text, embeds, pictures, components. Builds nodes only, never markup from
// text, and sends nothing: presses go to the `context` that the caller gives.
//
// The context: locale, viewerId, names { user(id), role(id), channel(id) } and the callbacks
// press(view, component, values, control), menu(kind, target, anchor), dismiss(view),
// enlarge(source, alt), command(name).

import { localAddress } from "./api.js";

const PICTURE_WIDTH = 400;
const PICTURE_HEIGHT = 300;
/** Nested markup deeper than this is shown as it was typed. */
const MARKUP_DEPTH = 8;
const BUTTON_CLASSES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

/** An element with attributes (`on…` are listeners) and children; empty ones are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  const kept = (child) => child !== undefined && child !== null && child !== false;
  node.append(...children.flat(Infinity).filter(kept));
  return node;
}

let lastId = 0;
/** An id for `aria-controls` and the like. */
export const freshId = (prefix) => `${prefix}-${(lastId += 1)}`;

export function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

/** The emoji of a button or choice as text; pictures of custom ones are not here. */
const emojiText = (emoji) => (!emoji ? "" : emoji.id ? `:${emoji.name}:` : emoji.name ?? "");

function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

function outsideLink(address, children, attributes = {}) {
  const href = webAddress(address);
  if (!href) return el("span", {}, children);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer", ...attributes }, children,
    el("span", { class: "for-readers" }, " (opens in a new tab)"));
}

// --- Times ---

function formatted(locale, options, date) {
  try {
    return new Intl.DateTimeFormat(locale, options).format(date);
  } catch {
    return new Intl.DateTimeFormat(undefined, options).format(date);
  }
}

function relativeTime(date, locale) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const units = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600],
    ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units.at(-1);
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" })
    .format(Math.round(seconds / size), unit);
}

const TIME_STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

function timeNode(date, style, locale, className = "time") {
  if (Number.isNaN(date.getTime())) return el("span", {}, "an unknown time");
  const full = formatted(locale, TIME_STYLES.F, date);
  const text = style === "R" ? relativeTime(date, locale)
    : formatted(locale, TIME_STYLES[style] ?? TIME_STYLES.f, date);
  return el("time", { class: className, datetime: date.toISOString(), title: full }, text);
}

function messageTime(timestamp, locale) {
  const date = new Date(timestamp);
  const today = date.toDateString() === new Date().toDateString();
  return timeNode(date, today ? "t" : "f", locale);
}

// --- Markdown ---

function spoiler(children) {
  const hidden = el("button", { type: "button", class: "spoiler" }, "Show spoiler");
  hidden.addEventListener("click", () => {
    const open = el("span", { class: "spoiler-open", tabindex: "-1" }, children);
    hidden.replaceWith(open);
    open.focus();
  });
  return hidden;
}

const mention = (text) => el("span", { class: "mention", dir: "auto" }, text);

/** Patterns that may begin at a position, in the order to try; each makes one node. */
const INLINE = [
  [/\\([\\*_~|`>[\]()<#+\-.!:])/y, (m) => m[1]],
  [/(`+)([^`]|[^`][^]*?[^`])\1(?!`)/y, (m) => el("code", { dir: "auto" }, m[2])],
  [/\*\*\*([^]+?)\*\*\*(?!\*)/y, (m, inside) => el("strong", {}, el("em", {}, inside(m[1])))],
  [/\*\*([^]+?)\*\*(?!\*)/y, (m, inside) => el("strong", {}, inside(m[1]))],
  [/__([^]+?)__(?!_)/y, (m, inside) => el("u", {}, inside(m[1]))],
  [/\*(?![\s*])([^]*?[^\s*])\*(?!\*)/y, (m, inside) => el("em", {}, inside(m[1]))],
  [/(?<!\w)_(?!_)([^]+?)_(?!\w)/y, (m, inside) => el("em", {}, inside(m[1]))],
  [/~~([^]+?)~~/y, (m, inside) => el("s", {}, inside(m[1]))],
  [/\|\|([^]+?)\|\|/y, (m, inside) => spoiler(inside(m[1]))],
  [/\[([^\]\n]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/y, (m, inside) => outsideLink(m[2], inside(m[1]))],
  [/<(https?:\/\/[^\s>]+)>/y, (m) => outsideLink(m[1], m[1])],
  [/https?:\/\/[^\s<>|]*[^\s<>|.,;:!?"'*_)\]]/y, (m) => outsideLink(m[0], m[0])],
  [/<@!?(\d+)>/y, (m, _, context) => mention(`@${context.names.user(m[1]) ?? "unknown user"}`)],
  [/<@&(\d+)>/y, (m, _, context) => mention(`@${context.names.role(m[1]) ?? "unknown role"}`)],
  [/<#(\d+)>/y, (m, _, context) => mention(`#${context.names.channel(m[1]) ?? "unknown"}`)],
  [/<\/([^:>\n]+):\d+>/y, (m, _, context) => el("button", {
    type: "button", class: "mention", onclick: () => context.command(m[1]),
  }, `/${m[1]}`)],
  [/<t:(-?\d{1,13})(?::([tTdDfFR]))?>/y, (m, _, context) =>
    timeNode(new Date(Number(m[1]) * 1000), m[2] ?? "f", context.locale, "mention")],
  [/<a?:(\w+):\d+>/y, (m) => `:${m[1]}:`],
  [/@(?:everyone|here)\b/y, (m) => mention(m[0])],
];
const SPECIAL = /[\\`*_~|[<h@]/;

/** One run of text as nodes. */
export function inlineMarkdown(text, context, depth = 0) {
  if (depth > MARKUP_DEPTH) return [text];
  const nodes = [];
  const inside = (inner) => inlineMarkdown(inner, context, depth + 1);
  let plain = "";
  let position = 0;
  while (position < text.length) {
    let found = null;
    if (SPECIAL.test(text[position])) {
      for (const [pattern, make] of INLINE) {
        pattern.lastIndex = position;
        const match = pattern.exec(text);
        if (match) {
          found = [match[0].length, make(match, inside, context)];
          break;
        }
      }
    }
    if (found) {
      nodes.push(plain, found[1]);
      plain = "";
      position += found[0];
    } else {
      plain += text[position];
      position += 1;
    }
  }
  nodes.push(plain);
  return nodes.filter((node) => node !== "");
}

const LIST_ITEM = /^(\s*)(?:[-*]|(\d{1,9})\.)\s+(.*)$/;

/** Consecutive list lines as nested lists, by indentation. */
function list(lines, context) {
  const root = [];
  const levels = [];
  for (const line of lines) {
    const [, indent, number, text] = LIST_ITEM.exec(line);
    while (levels.length > 0 && indent.length < levels.at(-1).indent) levels.pop();
    const tag = number ? "OL" : "UL";
    if (levels.at(-1)?.indent === indent.length && levels.at(-1).node.tagName !== tag) levels.pop();
    if (levels.length === 0 || indent.length > levels.at(-1).indent) {
      const node = el(tag, number ? { start: number } : {});
      const parent = levels.at(-1)?.node.lastElementChild;
      if (parent) parent.append(node);
      else root.push(node);
      levels.push({ indent: indent.length, node });
    }
    levels.at(-1).node.append(el("li", { dir: "auto" }, inlineMarkdown(text, context)));
  }
  return root;
}

const heading = ([, { length: level }, text], context) => el("p", {
  class: `heading-${level}`, role: "heading", "aria-level": level + 3, dir: "auto",
}, inlineMarkdown(text, context));

/** Kinds of line that are not plain text; `many` takes in the lines of its kind that follow. */
const BLOCKS = [
  { starts: /^(#{1,3})\s+(.+)$/, make: (lines, context, match) => heading(match, context) },
  { starts: /^-#\s+(.+)$/, make: (lines, context, match) =>
    el("p", { class: "subtext", dir: "auto" }, inlineMarkdown(match[1], context)) },
  { starts: /^> /, many: true, make: (lines, context) =>
    el("blockquote", {}, blocks(lines.map((line) => line.slice(2)), context)) },
  { starts: LIST_ITEM, many: true, make: list },
];

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufefc]/;

function blocks(lines, context) {
  const nodes = [];
  let plain = [];
  const flush = () => {
    const text = plain.join("\n").replace(/^\n+|\n+$/g, "");
    // Lines of different directions need a paragraph each; else markup may span lines.
    for (const part of RIGHT_TO_LEFT.test(text) ? text.split("\n") : [text]) {
      if (part) nodes.push(el("p", { class: "text", dir: "auto" }, inlineMarkdown(part, context)));
    }
    plain = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const rest = /^>>> ?([^]*)$/.exec(lines.slice(at).join("\n"));
    if (rest) {
      flush();
      nodes.push(el("blockquote", {}, blocks(rest[1].split("\n"), context)));
      break;
    }
    const kind = BLOCKS.find((block) => block.starts.test(lines[at]));
    if (!kind) {
      plain.push(lines[at]);
      continue;
    }
    flush();
    const from = at;
    while (kind.many && at + 1 < lines.length && kind.starts.test(lines[at + 1])) at += 1;
    nodes.push(kind.make(lines.slice(from, at + 1), context, kind.starts.exec(lines[from])));
  }
  flush();
  return nodes.flat();
}

/** Text in Discord's markdown as block nodes. */
export function markdown(text, context) {
  const nodes = [];
  const pieces = text.split(/```(?:([\w+#-]+)\n)?\n?([^]+?)\n?```/);
  // A split by two groups: text, language, code, text, …
  for (let at = 0; at < pieces.length; at += 3) {
    if (pieces[at].trim()) nodes.push(...blocks(pieces[at].split("\n"), context));
    if (at + 2 < pieces.length) {
      const code = el("code", { dir: "auto" }, pieces[at + 2]);
      nodes.push(el("pre", { tabindex: "0", "aria-label": pieces[at + 1] ?? "Code" }, code));
    }
  }
  return nodes;
}

// --- Pictures and files ---

/** The size on screen, so that nothing jumps when the picture arrives. */
function fitted(width, height, most) {
  if (!width || !height) return {};
  const scale = Math.min(most.width / width, most.height / height, 1);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/** A picture with its alt text behind a button; a sentence if it is on another site. */
function picture(media, alt, context, most = { width: PICTURE_WIDTH, height: PICTURE_HEIGHT }) {
  const source = localAddress(media.url);
  if (!source) {
    return el("p", { class: "picture-missing", dir: "auto" },
      "A picture on another site is not loaded here: ", outsideLink(media.url, media.url));
  }
  const image = el("img", {
    src: source,
    alt: alt || "Picture without alt text",
    ...fitted(media.width, media.height, most),
    decoding: "async",
    class: "picture-image",
    "data-testid": "picture",
    onclick: () => context.enlarge(source, alt),
  });
  const altId = freshId("alt");
  const text = el("figcaption", { id: altId, class: "alt-text", dir: "auto", hidden: true }, alt);
  const altButton = alt
    ? el("button", {
      type: "button", class: "tool", "aria-expanded": "false", "aria-controls": altId,
      "data-testid": "alt-button",
      onclick: (event) => {
        text.hidden = !text.hidden;
        event.currentTarget.setAttribute("aria-expanded", String(!text.hidden));
      },
    }, "ALT", el("span", { class: "for-readers" }, ": text of the picture"))
    : el("span", { class: "tool-note" }, "No alt text");
  const larger = el("button", {
    type: "button", class: "tool", onclick: () => context.enlarge(source, alt),
  }, "Larger", el("span", { class: "for-readers" }, " picture"));
  const figure = el("figure", { class: "picture" }, image,
    el("div", { class: "tools" }, altButton, larger), text);
  image.addEventListener("error", () => {
    image.hidden = true;
    larger.hidden = true;
    figure.prepend(el("p", { class: "picture-missing", dir: "auto" },
      `The picture could not be loaded. ${alt || ""}`));
  });
  return figure;
}

function gallery(items, context) {
  if (items.length === 0) return null;
  const most = items.length > 1 ? { width: 260, height: 220 } : undefined;
  const figures = items.map(({ media, alt }) => picture(media, alt, context, most));
  return el("div", { class: items.length > 1 ? "gallery" : "single" }, figures);
}

function file(attachment) {
  const source = localAddress(attachment.url);
  const size = attachment.size === undefined ? "" : ` (${fileSize(attachment.size)})`;
  return el("p", { class: "file", dir: "auto" },
    "File: ",
    source
      ? el("a", { href: source, download: attachment.filename }, attachment.filename)
      : outsideLink(attachment.url, attachment.filename),
    size,
    attachment.description && el("span", { class: "file-note" }, attachment.description));
}

const isPicture = (attachment) => (attachment.content_type ?? "").startsWith("image/");

/** The path alone: signatures in the query may be renewed. */
const pathOf = (address) => (address ?? "").split("?")[0].replace(/^https?:\/\/[^/]+/, "");

// --- Embeds ---

function embedFields(fields, context) {
  if (!fields?.length) return null;
  return el("dl", { class: "fields" }, fields.map((field) =>
    el("div", { class: field.inline ? "field inline" : "field" },
      el("dt", { dir: "auto" }, inlineMarkdown(field.name, context)),
      el("dd", {}, markdown(field.value, context)))));
}

/** The colour bar is a drawing: a fill attribute needs no inline style. */
function colourBar(colour) {
  if (!Number.isInteger(colour) || colour === 0) return null;
  const space = "http://www.w3.org/2000/svg";
  const bar = document.createElementNS(space, "svg");
  bar.setAttribute("class", "embed-colour");
  bar.setAttribute("aria-hidden", "true");
  const fill = document.createElementNS(space, "rect");
  fill.setAttribute("width", "100%");
  fill.setAttribute("height", "100%");
  fill.setAttribute("fill", `#${(colour & 0xffffff).toString(16).padStart(6, "0")}`);
  bar.append(fill);
  return bar;
}

function embedFooter(embed, context) {
  const parts = [embed.footer?.text];
  if (embed.timestamp) parts.push(timeNode(new Date(embed.timestamp), "f", context.locale));
  const shown = parts.filter(Boolean);
  if (shown.length === 0) return null;
  if (shown.length === 2) shown.splice(1, 0, " · ");
  return el("p", { class: "embed-footer", dir: "auto" }, shown);
}

/** `group`: the embed, the pictures of those joined to it, and how many texts were lost by that. */
function embed({ first, pictures, lost }, context) {
  const title = first.title && inlineMarkdown(first.title, context);
  const author = first.author?.name;
  return el("article", { class: "embed", "data-testid": "embed" },
    colourBar(first.color),
    first.thumbnail && el("div", { class: "thumbnail" },
      picture(first.thumbnail.media, first.thumbnail.alt, context, { width: 80, height: 80 })),
    author && el("p", { class: "embed-author", dir: "auto" },
      first.author.url ? outsideLink(first.author.url, author) : author),
    title && el("h3", { class: "embed-title", dir: "auto" },
      first.url ? outsideLink(first.url, title) : title),
    first.description && el("div", { class: "embed-text" }, markdown(first.description, context)),
    embedFields(first.fields, context),
    gallery(pictures, context),
    lost > 0 && el("p", { class: "embed-lost" },
      "As in Discord, embeds with the same link are joined into one. "
      + `The text of ${lost} more is not shown.`),
    embedFooter(first, context));
}

/** Discord shows embeds with one link as one embed with several pictures. */
function embedGroups(embeds, altOf) {
  const groups = [];
  for (const each of embeds) {
    const media = each.image && { media: each.image, alt: altOf(each.image) };
    const same = each.url && media && groups.find((group) => group.first.url === each.url);
    if (same) {
      same.pictures.push(media);
      if (each.title || each.description || each.fields?.length) same.lost += 1;
      continue;
    }
    const thumbnail = each.thumbnail && { media: each.thumbnail, alt: altOf(each.thumbnail) };
    groups.push({ first: { ...each, thumbnail }, pictures: media ? [media] : [], lost: 0 });
  }
  return groups;
}

/** Embeds and the attachments that no embed shows. */
function media(view, context) {
  const attachments = view.attachments ?? [];
  const embeds = view.embeds ?? [];
  const attached = (image) =>
    attachments.find((attachment) => pathOf(attachment.url) === pathOf(image.url));
  for (const image of embeds.flatMap((each) => [each.image, each.thumbnail])) {
    const source = image && attached(image);
    if (source?.width) Object.assign(image, { width: source.width, height: source.height });
  }
  const altOf = (image) => attached(image)?.description ?? image.description ?? "";
  const used = new Set(embeds.flatMap((each) => [each.image, each.thumbnail])
    .filter(Boolean).map((image) => pathOf(image.url)));
  const loose = attachments.filter((attachment) => !used.has(pathOf(attachment.url)));
  const pictures = loose.filter(isPicture)
    .map((attachment) => ({ media: attachment, alt: attachment.description ?? "" }));
  return [
    gallery(pictures, context),
    loose.filter((attachment) => !isPicture(attachment)).map(file),
    embedGroups(embeds, altOf).map((group) => embed(group, context)),
  ];
}

// --- Components ---

function button(view, component, context) {
  const label = [emojiText(component.emoji), component.label].filter(Boolean).join(" ")
    || "Unnamed button";
  const look = `button ${BUTTON_CLASSES[component.style] ?? "secondary"}`;
  if (component.style === 5 && !component.disabled) {
    const mark = el("span", { "aria-hidden": "true" }, "\u00A0\u2197");
    return outsideLink(component.url, [label, mark],
      { class: look, dir: "auto", "data-testid": "component-button" });
  }
  return el("button", {
    type: "button", class: look, dir: "auto", disabled: Boolean(component.disabled),
    "data-testid": "component-button", "data-custom-id": component.custom_id,
    onclick: (event) => context.press(view, component, undefined, event.currentTarget),
  }, label);
}

/** What a select offers: its own options, or the people, roles and channels of the server. */
function selectChoices(component, context) {
  const of = (items, sign) => items.map(({ id, name }) => ({ value: id, label: sign + name }));
  const { users, roles, channels } = context.names.all();
  switch (component.type) {
    case 5: return of(users, "@");
    case 6: return of(roles, "@");
    case 7: return [...of(users, "@"), ...of(roles, "@")];
    case 8: return of(channels, "#");
    default: return component.options ?? [];
  }
}

const choiceText = (choice) => [emojiText(choice.emoji), choice.label,
  choice.description && `(${choice.description})`].filter(Boolean).join(" ");

/**
 * A select with a button that sends: arrow keys alone must not send. More than one value: boxes.
 */
function select(view, component, context) {
  const { placeholder = "Choose", disabled = false, min_values: least = 1 } = component;
  const choices = selectChoices(component, context);
  const many = (component.max_values ?? 1) > 1;
  const problem = el("p", { class: "error", role: "alert" });
  const choose = many
    ? el("div", { class: "boxes" }, choices.map((choice) => el("label", { dir: "auto" },
      el("input", { type: "checkbox", value: choice.value, checked: choice.default, disabled }),
      ` ${choiceText(choice)}`)))
    : el("select", { "aria-label": placeholder, disabled, "data-custom-id": component.custom_id },
      el("option", { value: "" }, placeholder),
      choices.map((choice) =>
        el("option", { value: choice.value, selected: choice.default }, choiceText(choice))));
  const values = () => (many
    ? [...choose.querySelectorAll("input:checked")].map((box) => box.value)
    : [choose.value].filter(Boolean));
  const send = (event) => {
    const chosen = values();
    const most = component.max_values ?? 1;
    const wrong = chosen.length < least || chosen.length > most;
    problem.textContent = wrong ? `Choose ${least === most ? least : `${least} to ${most}`}.` : "";
    if (!wrong) context.press(view, component, chosen, event.currentTarget);
  };
  return el(many ? "fieldset" : "div", { class: "select", "data-testid": "component-select" },
    many && el("legend", { dir: "auto" }, placeholder), choose,
    el("button", { type: "button", class: "button secondary", disabled, onclick: send,
      "data-testid": "component-select-send" }, "Send choice"), problem);
}

function component(view, part, context) {
  const inside = () => (part.components ?? []).map((each) => component(view, each, context));
  switch (part.type) {
    case 1: return el("div", { class: "row" }, inside());
    case 2: return button(view, part, context);
    case 3: case 5: case 6: case 7: case 8: return select(view, part, context);
    case 9: return el("div", { class: "section" }, inside(),
      part.accessory && component(view, part.accessory, context));
    case 10: return el("div", {}, markdown(part.content ?? "", context));
    case 11: return picture(part.media, part.description, context, { width: 80, height: 80 });
    case 12: return gallery((part.items ?? [])
      .map((item) => ({ media: item.media, alt: item.description })), context);
    case 14: return el("hr");
    case 17: return el("div", { class: "embed" }, colourBar(part.accent_color), inside());
    default: return el("p", { class: "picture-missing" },
      `This page does not draw components of type ${part.type}.`);
  }
}

// --- Messages ---

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

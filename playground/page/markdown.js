// Discord's markdown as nodes: inline styles, mentions, links, times, headings, lists, quotes, code.
// What can't be read as markup is shown as it was typed. The context is that of render.js.

import { el, outsideLink } from "./nodes.js";
import { timeNode } from "./times.js";

/** Nested markup deeper than this is shown as it was typed. */
const MARKUP_DEPTH = 8;

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

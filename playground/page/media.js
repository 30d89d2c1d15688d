// Draws what a message carries beside its text: pictures with their alt text, files and embeds. The
// context is that of render.js.

import { localAddress, pathOf } from "./api.js";
import { inlineMarkdown, markdown } from "./markdown.js";
import { el, fileSize, freshId, outsideLink } from "./nodes.js";
import { timeNode } from "./times.js";

const PICTURE_WIDTH = 400;
const PICTURE_HEIGHT = 300;

// --- Pictures and files ---

/** The size on screen, so that nothing jumps when the picture arrives. */
function fitted(width, height, most) {
  if (!width || !height) return {};
  const scale = Math.min(most.width / width, most.height / height, 1);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/** A picture with its alt text behind a button; a sentence if it is on another site. */
export function picture(media, alt, context, most = { width: PICTURE_WIDTH, height: PICTURE_HEIGHT }) {
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
  const figure = el("figure", {
    class: "picture", "data-picture": `${pathOf(media.url)} ${most.width} ${alt}`,
  }, image,
    el("div", { class: "tools" }, altButton, larger), text);
  image.addEventListener("error", () => {
    image.hidden = true;
    larger.hidden = true;
    figure.prepend(el("p", { class: "picture-missing", dir: "auto" },
      `The picture could not be loaded. ${alt || ""}`));
  });
  return figure;
}

export function gallery(items, context) {
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

// --- Embeds ---

function embedFields(fields, context) {
  if (!fields?.length) return null;
  return el("dl", { class: "fields" }, fields.map((field) =>
    el("div", { class: field.inline ? "field inline" : "field" },
      el("dt", { dir: "auto" }, inlineMarkdown(field.name, context)),
      el("dd", {}, markdown(field.value, context)))));
}

/** The colour bar is a drawing: a fill attribute needs no inline style. */
export function colourBar(colour) {
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

/** Embeds and the attachments that no embed shows, as parts (see parts.js). */
export function mediaParts(view, context) {
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
  const files = loose.filter((attachment) => !isPicture(attachment));
  return [
    { key: "gallery", data: pictures, draw: () => gallery(pictures, context) },
    { key: "files", data: files, draw: () => files.map(file) },
    ...embedGroups(embeds, altOf).map((group, index) =>
      ({ key: `embed-${index}`, data: group, draw: () => embed(group, context) })),
  ];
}

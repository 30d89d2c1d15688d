// Makes nodes: elements from a tag, attributes and children, links that leave the page, fresh ids.
// Knows nothing of messages or commands; nothing here makes markup from text.

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

function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

export function outsideLink(address, children, attributes = {}) {
  const href = webAddress(address);
  if (!href) return el("span", {}, children);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer", ...attributes }, children,
    el("span", { class: "for-readers" }, " (opens in a new tab)"));
}

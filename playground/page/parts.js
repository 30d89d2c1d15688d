// Draws the parts of something and, when it changes, only those that look different: what stays keeps
// its focus, marked text, open alt texts, chosen options and loaded pictures. Knows nothing of what
// the parts are.

import { localAddress, pathOf } from "./api.js";

/** Of an address on this server the path alone: the signature in its query may be renewed. */
const steady = (address) => (localAddress(address) ? pathOf(address) : address);

/** What a part is drawn from, as a text to compare. */
const textOf = (data) => JSON.stringify(data ?? null, (key, value) =>
  (typeof value === "string" && key.endsWith("url") ? steady(value) : value));

/** Puts pictures that are shown already in the place of their like, so that they don't flicker. */
function keepPictures(old, fresh) {
  const pictures = (nodes) =>
    nodes.flatMap((node) => [...node.querySelectorAll("[data-picture]")]);
  const shown = pictures(old).filter((picture) => !picture.querySelector("img[hidden]"));
  for (const picture of pictures(fresh)) {
    const at = shown.findIndex((each) => each.dataset.picture === picture.dataset.picture);
    if (at >= 0) picture.replaceWith(...shown.splice(at, 1));
  }
}

export class Parts {
  #drawn = [];

  /** The parts stand before the node `end`, all together. */
  constructor(end) {
    this.end = end;
  }

  /**
   * Draws parts { key, data, draw }: keys come in the same order each time, `draw()` gives nodes, and
   * is called only if there is no part with this key and this data.
   */
  draw(parts) {
    const gone = new Map(this.#drawn.map((part) => [part.key, part]));
    this.#drawn = parts.map(({ key, data, draw }) => {
      const text = textOf(data);
      const known = gone.get(key);
      if (known?.text === text) {
        gone.delete(key);
        return known;
      }
      const nodes = [draw()].flat(Infinity).filter((node) => node instanceof Element);
      if (known) keepPictures(known.nodes, nodes);
      return { key, text, nodes };
    });
    gone.forEach(({ nodes }) => nodes.forEach((node) => node.remove()));
    // What stands right is not moved: a move would take the focus away.
    let next = this.end;
    for (const node of this.#drawn.flatMap(({ nodes }) => nodes).reverse()) {
      if (node.nextSibling !== next) next.before(node);
      next = node;
    }
  }
}

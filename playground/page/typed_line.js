// Understands a typed line such as `/find query: brain k: 3`. It reads text alone: no element, no
// sending.

import { convert, localised } from "./commands.js";

const escapeRegExp = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function leafOf(line, leaves) {
  const typed = line.toLowerCase();
  const candidates = leaves.flatMap((leaf) =>
    [...new Set([leaf.name, leaf.label])].map((name) => ({ leaf, name })));
  return candidates
    .filter(({ name }) => `${typed} `.startsWith(`${name.toLowerCase()} `))
    .sort((a, b) => b.name.length - a.name.length)[0];
}

/** Where each option's value lies in the text: a value runs until the next ` name:`. */
function pieces(text, options, locale) {
  const names = new Map(options.flatMap((option) =>
    [option.name, localised(option, "name", locale)].map((name) => [name.toLowerCase(), option])));
  if (names.size === 0) return { lead: text.trim(), found: [] };
  const alternatives = [...names.keys()].sort((a, b) => b.length - a.length).map(escapeRegExp);
  const marks = [...text.matchAll(new RegExp(`(?<=^|\\s)(${alternatives.join("|")}):`, "giu"))];
  const found = marks.map((mark, at) => {
    const from = mark.index + mark[0].length;
    const raw = text.slice(from, marks[at + 1]?.index ?? text.length);
    return { option: names.get(mark[1].toLowerCase()), from, value: raw.trim() };
  });
  return { lead: text.slice(0, marks[0]?.index ?? text.length).trim(), found };
}

/**
 * A typed line such as `/find query: brain k: 3`: null if it begins no registered command, else
 * the command, the options' texts by name, and a sentence if the line can't be understood.
 * Text before the first name belongs to the first option.
 */
export function parseLine(text, leaves, locale) {
  const line = text.trimStart();
  if (!line.startsWith("/")) return null;
  const match = leafOf(line.slice(1), leaves);
  if (!match) return null;
  const { leaf } = match;
  const start = text.length - line.length + 1 + match.name.length;
  const { lead, found } = pieces(text.slice(start), leaf.options, locale);
  const values = new Map();
  let error = "";
  if (lead && leaf.options.length === 0) error = `/${leaf.label} takes no options.`;
  else if (lead) values.set(leaf.options[0].name, lead);
  for (const { option, value } of found) {
    if (values.has(option.name)) error = `${option.name} is given twice.`;
    if (value) values.set(option.name, value);
  }
  const last = found.at(-1);
  const open = last && { option: last.option, from: start + last.from, value: last.value };
  return { leaf, values, error, open };
}

/** The typed texts as options to send, or the first sentence about what is wrong. */
export function typedOptions(leaf, values, services) {
  const options = [];
  for (const option of leaf.options) {
    const text = values.get(option.name);
    if (text === undefined) {
      if (option.required) {
        return { error: `${localised(option, "name", services.locale())} is required.` };
      }
      continue;
    }
    const { value, error } = convert(option, text, services);
    if (error) return { error };
    options.push({ name: option.name, type: option.type, value });
  }
  return { options };
}

// What the bot registered, and the values that its options take: commands as what can be sent,
// names in the person's language, limits in words, texts turned into values. Draws nothing. All
// names, limits and choices are those that the bot registered.
//
// The `services` that the caller gives, here and to the form and the message box: locale(),
// leaves() (see leafCommands), hiddenCount(), directory() { users, roles, channels: [{id, name}] },
// autocomplete(leaf, options, signal), upload(file) and send(leaf, options); the last three reject
// with an Error whose message is for the person.

/** Option types of Discord. */
export const TYPE = {
  subcommand: 1, group: 2, text: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8,
  mentionable: 9, number: 10, attachment: 11,
};
const TYPE_WORDS = {
  3: "text", 4: "whole number", 5: "yes or no", 6: "user", 7: "channel", 8: "role",
  9: "user or role", 10: "number", 11: "file",
};
const YES = new Set(["true", "yes", "1"]);
const NO = new Set(["false", "no", "0"]);

// --- What is registered ---

/** A name or description in the person's language if the bot registered one. */
export function localised(item, key, locale) {
  return item[`${key}_localizations`]?.[locale] ?? item[key] ?? "";
}

const isBranch = (option) => option.type === TYPE.subcommand || option.type === TYPE.group;

/**
 * What can be sent: each command without subcommands, and each subcommand. `name` and `label` are
 * the whole path as registered and as localised; `path` are the branches between.
 */
export function leafCommands(commands, locale) {
  const walk = (command, node, path, name, label) => {
    const branches = (node.options ?? []).filter(isBranch);
    if (branches.length > 0) {
      return branches.flatMap((branch) => walk(command, branch, [...path, branch],
        `${name} ${branch.name}`, `${label} ${localised(branch, "name", locale)}`));
    }
    const description = localised(node, "description", locale);
    return [{ command, path, name, label, description, options: node.options ?? [] }];
  };
  return commands
    .filter((command) => (command.type ?? 1) === 1)
    .flatMap((command) =>
      walk(command, command, [], command.name, localised(command, "name", locale)));
}

/** The options as the interaction carries them: below their subcommand, if there is one. */
export function nested(leaf, values) {
  return leaf.path.reduceRight(
    (inner, branch) => [{ name: branch.name, type: branch.type, options: inner }], values);
}

// A limit that isn't set is absent or null, as the bot wrote it.
const limit = (least, most, unit) => {
  const [low, high] = [least ?? null, most ?? null];
  if (low === null && high === null) return "";
  if (low === null) return `at most ${high}${unit}`;
  return high === null ? `at least ${low}${unit}` : `${low} to ${high}${unit}`;
};

/** Whether an option is required, its kind and its limits, in words. */
export function requirement(option) {
  return [
    option.required ? "required" : "optional",
    TYPE_WORDS[option.type] ?? "value",
    limit(option.min_length || null, option.max_length, " characters"),
    limit(option.min_value, option.max_value, ""),
  ].filter(Boolean).join(", ");
}

// --- Values ---

/** The channel types of Discord that each kind of the playground stands for. */
const CHANNEL_TYPES = { text: [0], thread: [10, 11, 12], dm: [1] };

/** What can be picked for an option, as { label, value }; null if the option is free. */
export function picks(option, services) {
  const { users, roles, channels } = services.directory();
  const named = (items, sign) =>
    items.map(({ id, name }) => ({ label: `${sign}${name}`, value: id }));
  if (option.choices?.length) {
    return option.choices.map((choice) =>
      ({ label: localised(choice, "name", services.locale()), value: choice.value }));
  }
  const wanted = (channel) => !option.channel_types?.length
    || CHANNEL_TYPES[channel.kind]?.some((type) => option.channel_types.includes(type));
  switch (option.type) {
    case TYPE.boolean: return [{ label: "True", value: true }, { label: "False", value: false }];
    case TYPE.user: return named(users, "@");
    case TYPE.role: return named(roles, "@");
    case TYPE.mentionable: return [...named(users, "@"), ...named(roles, "@")];
    case TYPE.channel: return named(channels.filter(wanted), "#");
    default: return null;
  }
}

function numberOf(option, text, label) {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return { error: `${label}: write a number.` };
  if (option.type === TYPE.integer && !Number.isInteger(value)) {
    return { error: `${label}: write a whole number.` };
  }
  const { min_value: least, max_value: most } = option;
  if (value < (least ?? -Infinity) || value > (most ?? Infinity)) {
    return { error: `${label}: must be ${limit(least, most, "")}.` };
  }
  return { value };
}

function textOf(option, text, label) {
  const { min_length: least, max_length: most } = option;
  const length = [...text].length;
  if (length < (least ?? 0) || length > (most ?? Infinity)) {
    return { error: `${label}: must have ${limit(least, most, " characters")}, has ${length}.` };
  }
  return { value: text };
}

/** A typed word as one of the picks: by label, by value, as a mention. */
function pickOf(list, text) {
  const bare = text.toLowerCase();
  const mention = /^<(?:@[!&]?|#)(\d+)>$/.exec(text)?.[1];
  const same = ({ label, value }) => [label, label.replace(/^[@#]/, ""), String(value)]
    .some((form) => form.toLowerCase() === bare) || String(value) === mention;
  return list.find(same);
}

/** The text of an option as the value to send: { value } or { error }. */
export function convert(option, text, services) {
  const label = localised(option, "name", services.locale());
  if (option.type === TYPE.attachment) return { error: `${label}: choose the file here.` };
  if (option.type === TYPE.boolean) {
    const word = text.toLowerCase();
    if (YES.has(word) || NO.has(word)) return { value: YES.has(word) };
    return { error: `${label}: write True or False.` };
  }
  const list = picks(option, services);
  if (list) {
    const found = pickOf(list, text);
    return found ? { value: found.value }
      : { error: `${label}: "${text}" is not one of the choices.` };
  }
  const isNumber = option.type === TYPE.integer || option.type === TYPE.number;
  return isNumber ? numberOf(option, text, label) : textOf(option, text, label);
}

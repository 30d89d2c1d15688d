// Everything about giving a command: the picker, a typed line, the options form, suggestions and
// the context menus. All names, limits and choices are those that the bot registered.
//
// The `services` that the caller gives: locale(), leaves() (see leafCommands), hiddenCount(),
// directory() { users, roles, channels: [{id, name}] }, autocomplete(leaf, options, signal),
// upload(file) and send(leaf, options); the last three reject with an Error whose message is for
// the person.

import { el, fileSize, freshId } from "./render.js";

const DEBOUNCE_MS = 150;
const MOST_SUGGESTIONS = 25;
/** Option types of Discord. */
const TYPE = {
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
function nested(leaf, values) {
  return leaf.path.reduceRight(
    (inner, branch) => [{ name: branch.name, type: branch.type, options: inner }], values);
}

const limit = (least, most, unit) => {
  if (least === undefined && most === undefined) return "";
  if (least === undefined) return `at most ${most}${unit}`;
  return most === undefined ? `at least ${least}${unit}` : `${least} to ${most}${unit}`;
};

/** Whether an option is required, its kind and its limits, in words. */
export function requirement(option) {
  return [
    option.required ? "required" : "optional",
    TYPE_WORDS[option.type] ?? "value",
    limit(option.min_length || undefined, option.max_length, " characters"),
    limit(option.min_value, option.max_value, ""),
  ].filter(Boolean).join(", ");
}

// --- Values ---

/** The channel types of Discord that each kind of the playground stands for. */
const CHANNEL_TYPES = { text: [0], thread: [10, 11, 12], dm: [1] };

/** What can be picked for an option, as { label, value }; null if the option is free. */
function picks(option, services) {
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
  if ((least !== undefined && value < least) || (most !== undefined && value > most)) {
    return { error: `${label}: must be ${limit(least, most, "")}.` };
  }
  return { value };
}

function textOf(option, text, label) {
  const { min_length: least, max_length: most } = option;
  const length = [...text].length;
  if ((least !== undefined && length < least) || (most !== undefined && length > most)) {
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
function convert(option, text, services) {
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

// --- A typed line ---

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
function typedOptions(leaf, values, services) {
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

// --- Combobox ---

/** The ARIA combobox pattern for a text field and the popup with its list. */
export class Combobox {
  constructor(input, popup, { label, onPick }) {
    this.input = input;
    this.popup = popup;
    this.onPick = onPick;
    this.items = [];
    this.active = -1;
    const id = freshId("listbox");
    this.list = el("ul", { id, role: "listbox", "aria-label": label });
    this.note = el("p", { class: "popup-note", role: "status" });
    popup.append(this.list, this.note);
    const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-controls": id,
      "aria-expanded": "false", autocomplete: "off" };
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    input.addEventListener("blur", () => this.hide());
    // A press on the list must not take the focus from the field.
    popup.addEventListener("mousedown", (event) => event.preventDefault());
  }

  get isOpen() {
    return !this.popup.hidden;
  }

  /** Items: { label, detail, tag, testid, … }; the whole item goes to onPick. */
  show(items, { active = -1, note = "" } = {}) {
    this.items = items;
    this.list.replaceChildren(...items.map((item, at) => el("li", {
      id: `${this.list.id}-${at}`, role: "option", "aria-selected": "false",
      "data-testid": item.testid,
      onclick: () => this.pick(at),
    },
      el("span", { class: "item-label", dir: "auto" }, item.label),
      item.tag && el("span", { class: "item-tag" }, item.tag),
      item.detail && el("span", { class: "item-detail", dir: "auto" }, item.detail))));
    this.list.hidden = items.length === 0;
    this.note.textContent = note;
    this.popup.hidden = items.length === 0 && !note;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    this.activate(items.length > 0 ? active : -1);
  }

  hide() {
    this.show([]);
  }

  activate(at) {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = at;
    const node = this.list.children[at];
    if (!node) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    node.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", node.id);
    node.scrollIntoView({ block: "nearest" });
  }

  pick(at) {
    const item = this.items[at];
    this.hide();
    this.onPick(item);
  }

  /** Whether the key was meant for the list. */
  takesKey(event) {
    if (event.isComposing || !this.isOpen) return false;
    const count = this.items.length;
    if (event.key === "Escape") this.hide();
    else if (count === 0) return false;
    else if (event.key === "ArrowDown") this.activate((this.active + 1) % count);
    else if (event.key === "ArrowUp") this.activate((this.active <= 0 ? count : this.active) - 1);
    else if (event.key === "Enter" && this.active >= 0) this.pick(this.active);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}

/** Asks for suggestions after a pause in typing; an answer that is overtaken is dropped. */
class Suggester {
  constructor(combobox, services) {
    this.combobox = combobox;
    this.services = services;
  }

  stop() {
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  /** `ask()` gives { leaf, options } at the time of asking. */
  later(ask) {
    this.stop();
    this.timer = setTimeout(() => this.fetch(ask()), DEBOUNCE_MS);
  }

  async fetch({ leaf, options }) {
    const abort = new AbortController();
    this.abort = abort;
    try {
      const choices = await this.services.autocomplete(leaf, nested(leaf, options), abort.signal);
      if (abort.signal.aborted) return;
      const items = choices.slice(0, MOST_SUGGESTIONS).map((choice) => ({
        label: localised(choice, "name", this.services.locale()), value: choice.value,
        testid: "autocomplete-option",
      }));
      this.combobox.show(items, { note: items.length === 0 ? "No suggestions for this." : "" });
    } catch (error) {
      if (abort.signal.aborted) return;
      this.combobox.show([], { note: `No suggestions: ${error.message}` });
    }
  }
}

// --- Options form ---

/** A control for one option: { option, node, input, read() -> {} | {value} | {error} }. */
function selectField(option, list, given, services) {
  const preset = given === undefined ? undefined : convert(option, given, services).value;
  const input = el("select", {},
    el("option", { value: "" }, option.required ? "Choose…" : "Not set"),
    list.map(({ label, value }, at) =>
      el("option", { value: String(at), selected: value === preset }, label)));
  const read = () => (input.value === "" ? {} : { value: list[Number(input.value)].value });
  return { input, read };
}

function fileField(option, services) {
  const state = el("span", { class: "file-state", role: "status" });
  const input = el("input", { type: "file" });
  let result = {};
  let turn = 0;
  input.addEventListener("change", async () => {
    const [file] = input.files;
    const mine = (turn += 1);
    result = {};
    state.textContent = "";
    if (!file) return;
    const what = `${file.name} (${fileSize(file.size)})`;
    result = { error: "The file is still on its way." };
    state.textContent = `Sending ${what}…`;
    let next;
    try {
      next = { value: (await services.upload(file)).id };
    } catch (error) {
      next = { error: error.message };
    }
    if (mine !== turn) return;
    result = next;
    state.textContent = next.error ? `Not sent: ${next.error}` : `Ready: ${what}`;
  });
  return { input, extra: state, read: () => result };
}

function textField(option, given, services, suggestions) {
  const isNumber = option.type !== TYPE.text;
  const input = el("input", {
    type: "text", dir: "auto", inputmode: isNumber ? "decimal" : null, value: given,
    maxlength: option.max_length, minlength: option.min_length,
  });
  let picked = null;
  const read = () => {
    const text = input.value.trim();
    if (text === "") return {};
    return picked?.label === text ? { value: picked.value } : convert(option, text, services);
  };
  if (!option.autocomplete) return { input, read };
  const popup = el("div", { class: "popup", hidden: true });
  const combobox = new Combobox(input, popup, {
    label: `Suggestions for ${localised(option, "name", services.locale())}`,
    onPick: (item) => {
      picked = { label: item.label.trim(), value: item.value };
      input.value = item.label;
    },
  });
  const suggester = new Suggester(combobox, services);
  const ask = () => suggester.later(suggestions);
  input.addEventListener("input", ask);
  // Not on focus: the list would cover the form as it opens.
  input.addEventListener("click", ask);
  input.addEventListener("blur", () => suggester.stop());
  input.addEventListener("keydown", (event) => {
    if (!combobox.takesKey(event) && event.key === "ArrowDown" && !combobox.isOpen) ask();
  });
  return { input, extra: popup, read };
}

export class OptionsForm {
  constructor(section, services, onClose) {
    this.section = section;
    this.services = services;
    this.onClose = onClose;
    section.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /** Shows the form; `given` are texts by option name, `problem` a sentence shown at its foot. */
  open(leaf, given = new Map(), problem = "") {
    this.leaf = leaf;
    // The required first, as a person has to fill them.
    const order = leaf.options.toSorted((a, b) => Boolean(b.required) - Boolean(a.required));
    this.fields = order.map((option) => this.field(option, given.get(option.name)));
    const alert = { class: "error", role: "alert", "data-testid": "options-error" };
    this.problem = el("p", alert, problem);
    this.submit = el("button", { type: "submit", class: "primary", "data-testid": "send-command" },
      `Send /${leaf.label}`);
    const form = el("form", { novalidate: true, autocomplete: "off", onsubmit: (event) => {
      event.preventDefault();
      this.send();
    } },
      el("h3", { id: "options-title", dir: "auto" }, `/${leaf.label}`),
      el("p", { class: "muted", dir: "auto" }, leaf.description),
      this.fields.length === 0 && el("p", {}, "This command has no options."),
      el("div", { class: "fields-grid" }, this.fields.map((field) => field.node)),
      this.problem,
      el("div", { class: "row" }, this.submit,
        el("button", { type: "button", class: "plain", onclick: () => this.close() }, "Cancel")));
    this.section.replaceChildren(form);
    this.section.hidden = false;
    const empty = this.fields.find((field) => field.option.required && !field.input.value);
    (empty ?? this.fields[0])?.input.focus();
    if (this.fields.length === 0) this.submit.focus();
  }

  close() {
    if (this.section.hidden) return;
    this.section.hidden = true;
    this.section.replaceChildren();
    this.onClose();
  }

  field(option, given) {
    const { services } = this;
    const list = picks(option, services);
    const suggestions = () => ({ leaf: this.leaf, options: this.partial(option) });
    const control = option.type === TYPE.attachment ? fileField(option, services)
      : list ? selectField(option, list, given, services)
        : textField(option, given, services, suggestions);
    const id = freshId("option");
    const error = el("p", { id: `${id}-error`, class: "error" });
    control.input.id = id;
    control.input.name = option.name;
    control.input.setAttribute("aria-describedby", `${id}-about ${id}-error`);
    if (option.required) control.input.setAttribute("aria-required", "true");
    const node = el("div", { class: option.required ? "field-box needed" : "field-box" },
      el("label", { for: id },
        el("bdi", { class: "field-name" }, localised(option, "name", services.locale())),
        el("span", { class: "field-need" }, ` ${requirement(option)}`)),
      el("p", { id: `${id}-about`, class: "muted", dir: "auto" },
        localised(option, "description", services.locale())),
      el("div", { class: "control" }, control.input, control.extra),
      error);
    return { option, node, input: control.input, read: control.read, error };
  }

  /** What is filled in so far, with `focused` as it is being typed. */
  partial(focused) {
    return this.fields.flatMap(({ option, input, read }) => {
      const { name, type } = option;
      if (option === focused) return [{ name, type, value: input.value, focused: true }];
      const { value } = read();
      return value === undefined ? [] : [{ name, type, value }];
    });
  }

  /** The filled options; null, with the errors shown, if one is wrong. */
  collect() {
    let first = null;
    const options = [];
    for (const field of this.fields) {
      const { option, input } = field;
      let { value, error = "" } = field.read();
      if (value === undefined && !error && option.required) {
        error = `${localised(option, "name", this.services.locale())} is required.`;
      }
      field.error.textContent = error;
      input.setAttribute("aria-invalid", String(Boolean(error)));
      if (error) first ??= field;
      else if (value !== undefined) options.push({ name: option.name, type: option.type, value });
    }
    this.problem.textContent = first ? first.error.textContent : "";
    first?.input.focus();
    return first ? null : options;
  }

  async send() {
    const options = this.collect();
    if (!options || this.submit.disabled) return;
    this.submit.disabled = true;
    try {
      await this.services.send(this.leaf, nested(this.leaf, options));
      this.close();
    } catch (error) {
      this.problem.textContent = error.message;
      this.submit.disabled = false;
      this.submit.focus();
    }
  }
}

// --- Message box ---

export class Composer {
  constructor({ form, input, popup, hint, problem, commandsButton }, services, optionsForm) {
    Object.assign(this, { input, hint, problem, services, optionsForm });
    this.combobox = new Combobox(input, popup, {
      label: "Commands and suggestions", onPick: (item) => this.picked(item),
    });
    this.suggester = new Suggester(this.combobox, services);
    input.addEventListener("input", () => this.update());
    input.addEventListener("focus", () => this.update());
    input.addEventListener("blur", () => this.suggester.stop());
    input.addEventListener("keydown", (event) => this.key(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    commandsButton.addEventListener("click", () => this.openPicker());
  }

  openPicker() {
    this.input.value = "/";
    this.input.focus();
    this.update();
  }

  key(event) {
    if (event.key === "Tab" && !event.shiftKey && this.combobox.active >= 0) {
      const item = this.combobox.items[this.combobox.active];
      if (item.leaf) {
        event.preventDefault();
        this.complete(item.leaf);
        return;
      }
    }
    this.combobox.takesKey(event);
  }

  /** Tab: the command's name and its first required option, to go on typing. */
  complete(leaf) {
    const needed = leaf.options.find((option) => option.required);
    const name = needed && localised(needed, "name", this.services.locale());
    this.input.value = `/${leaf.label} ${name ? `${name}: ` : ""}`;
    this.update();
  }

  update() {
    this.suggester.stop();
    this.problem.textContent = "";
    const text = this.input.value;
    const parsed = parseLine(text, this.services.leaves(), this.services.locale());
    this.showHint(parsed);
    if (parsed && text.trimStart().length > parsed.leaf.label.length + 1) this.suggest(parsed);
    else if (text.trimStart().startsWith("/")) this.showPicker(text.trimStart().slice(1));
    else this.combobox.hide();
  }

  showPicker(typed) {
    const wanted = typed.trim().toLowerCase();
    const rank = (leaf) => {
      const places = [leaf.label, leaf.name].map((name) => name.toLowerCase().indexOf(wanted));
      const inName = Math.min(...places.map((place) => (place < 0 ? Infinity : place)));
      return inName < Infinity || !leaf.description.toLowerCase().includes(wanted) ? inName : 1000;
    };
    const items = this.services.leaves()
      .map((leaf) => ({ leaf, rank: rank(leaf) }))
      .filter((item) => item.rank < Infinity)
      .sort((a, b) => a.rank - b.rank)
      .map(({ leaf }) => ({
        leaf, label: `/${leaf.label}`, detail: leaf.description, testid: "command-option",
      }));
    const hidden = this.services.hiddenCount();
    const notes = [
      items.length === 0 && "No command that this user may use here has this name.",
      hidden > 0 && `${hidden} more ${hidden === 1 ? "needs" : "need"} another role or channel.`,
      items.length > 0 && "Enter opens the form. Tab completes the name.",
    ];
    this.combobox.show(items, { active: 0, note: notes.filter(Boolean).join(" ") });
  }

  /** Suggestions for the option at the end of the line. */
  suggest({ leaf, values, open }) {
    this.combobox.hide();
    if (!open) return;
    const list = picks(open.option, this.services);
    if (list) {
      const wanted = open.value.toLowerCase();
      const items = list.filter(({ label }) => label.toLowerCase().includes(wanted))
        .slice(0, MOST_SUGGESTIONS)
        .map((item) => ({ ...item, from: open.from, isPick: true, testid: "autocomplete-option" }));
      const done = items.length === 1 && items[0].label.toLowerCase() === wanted;
      if (!done) this.combobox.show(items);
      return;
    }
    if (!open.option.autocomplete) return;
    this.suggester.later(() => {
      const focused = { name: open.option.name, type: open.option.type, value: open.value,
        focused: true };
      const others = leaf.options.filter((option) => option !== open.option)
        .flatMap((option) => {
          const text = values.get(option.name);
          const value = text === undefined ? undefined : convert(option, text, this.services).value;
          return value === undefined ? [] : [{ name: option.name, type: option.type, value }];
        });
      return { leaf, options: [...others, focused] };
    });
  }

  picked(item) {
    if (item.leaf) {
      this.input.value = "";
      this.showHint(null);
      this.optionsForm.open(item.leaf);
      return;
    }
    const open = parseLine(this.input.value, this.services.leaves(), this.services.locale())?.open;
    if (!open) return;
    const text = item.isPick ? item.label : String(item.value);
    this.input.value = `${this.input.value.slice(0, open.from).trimEnd()} ${text}`;
    this.suggester.stop();
  }

  /** The command's options as buttons that add their names to the line. */
  showHint(parsed) {
    if (!parsed || parsed.leaf.options.length === 0) {
      this.hint.replaceChildren();
      return;
    }
    const locale = this.services.locale();
    const used = new Set([...parsed.values.keys(), parsed.open?.option.name]);
    const chips = parsed.leaf.options.filter((option) => !used.has(option.name)).map((option) =>
      el("button", { type: "button", class: "chip", title: requirement(option),
        onclick: () => this.addName(localised(option, "name", locale)) },
        "+ ", el("bdi", {}, localised(option, "name", locale)), option.required && " (required)"));
    const about = parsed.open
      && [localised(parsed.open.option, "description", locale),
        `(${requirement(parsed.open.option)})`].join(" ");
    const form = el("button", { type: "button", class: "chip",
      onclick: () => this.toForm(parsed.leaf, parsed.values) }, "Open as a form");
    this.hint.replaceChildren(...[
      about && el("span", { class: "hint-about", dir: "auto" }, about), ...chips, form,
    ].filter(Boolean));
  }

  addName(name) {
    this.input.value = `${this.input.value.trimEnd()} ${name}: `;
    this.input.focus();
    this.update();
  }

  toForm(leaf, values, problem) {
    this.input.value = "";
    this.showHint(null);
    this.combobox.hide();
    this.optionsForm.open(leaf, values, problem);
  }

  async submit() {
    this.combobox.hide();
    this.suggester.stop();
    const text = this.input.value.trim();
    if (!text || this.busy) return;
    const parsed = parseLine(text, this.services.leaves(), this.services.locale());
    if (!parsed) {
      this.problem.textContent = text.startsWith("/")
        ? `There is no command ${text.split(/\s/)[0]} that this user may use here.`
        : "Only commands can be sent here. Type / to see them.";
      return;
    }
    const { options, error } = parsed.error ? parsed
      : typedOptions(parsed.leaf, parsed.values, this.services);
    if (error) {
      this.toForm(parsed.leaf, parsed.values, error);
      return;
    }
    this.busy = true;
    try {
      await this.services.send(parsed.leaf, nested(parsed.leaf, options));
      this.input.value = "";
      this.showHint(null);
    } catch (failure) {
      this.problem.textContent = failure.message;
    } finally {
      this.busy = false;
    }
  }
}

// --- Context menus ---

let closeOpenMenu = null;

/** A menu below its button. Items: { label, run }; `empty` is said if there are none. */
export function openMenu(button, { heading, items, empty }) {
  closeOpenMenu?.(false);
  const close = (refocus = true) => {
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    closeOpenMenu = null;
    if (refocus) button.focus();
  };
  const outside = (event) => {
    if (!menu.contains(event.target)) close(false);
  };
  const entry = (item) => el("li", { role: "none" }, el("button", {
    type: "button", role: "menuitem", tabindex: "-1", dir: "auto", "data-testid": "menu-item",
    onclick: () => {
      close();
      item.run();
    },
  }, item.label));
  const menu = el("div", { class: "menu" },
    el("p", { class: "menu-title", dir: "auto" }, heading),
    items.length === 0 && el("p", { class: "menu-empty", tabindex: "-1" }, empty),
    items.length > 0 && el("ul", { role: "menu", "aria-label": heading }, items.map(entry)));
  menu.addEventListener("keydown", (event) => {
    const all = [...menu.querySelectorAll("[role='menuitem']")];
    const at = all.indexOf(document.activeElement);
    const goal = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (goal !== undefined) all.at(goal % all.length)?.focus();
    else if (event.key === "Escape") close();
    else if (event.key === "Tab") return void close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  button.after(menu);
  button.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", outside, true);
  closeOpenMenu = close;
  menu.querySelector("[role='menuitem'], .menu-empty")?.focus();
  menu.scrollIntoView({ block: "nearest" });
}

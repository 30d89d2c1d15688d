// The form with one field for each option of a command. What the `services` are: see commands.js.

import { Combobox, Suggester } from "./combobox.js";
import { TYPE, convert, localised, nested, picks, requirement } from "./commands.js";
import { el, fileSize, freshId } from "./nodes.js";

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

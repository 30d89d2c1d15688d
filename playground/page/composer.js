// The message box: the picker that opens at a slash, suggestions while a command is typed, the hint
// below, and sending. What the `services` are: see commands.js.

import { Combobox, MOST_SUGGESTIONS, Suggester } from "./combobox.js";
import { convert, localised, nested, picks, requirement } from "./commands.js";
import { el } from "./nodes.js";
import { parseLine, typedOptions } from "./typed_line.js";

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

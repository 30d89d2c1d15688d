// Draws a modal that the bot sent and gathers what was written in it. Whether a modal may open here
// is not decided here. The context is that of render.js.

import { markdown } from "./markdown.js";
import { el } from "./nodes.js";
import { at } from "./state.js";

/** One part of a modal: a text input, in a row (1) or a label (18), or text (10). */
function modalPart(part, number, context) {
  if (part.type === 1) return part.components.map((each) => modalPart(each, number, context));
  if (part.type === 18) {
    const { label, description, component } = part;
    return modalPart({ ...component, label, description }, number, context);
  }
  if (part.type === 10) return el("div", {}, markdown(part.content ?? "", context));
  if (part.type !== 4) {
    return el("p", { class: "muted" }, `This page does not draw inputs of type ${part.type}.`);
  }
  const id = `modal-input-${number}`;
  const needed = part.required !== false;
  const limits = [part.min_length && `at least ${part.min_length}`,
    part.max_length && `at most ${part.max_length}`].filter(Boolean).join(", ");
  const attributes = {
    id, name: part.custom_id, dir: "auto", placeholder: part.placeholder, required: needed,
    minlength: part.min_length, maxlength: part.max_length ?? 4000,
    "aria-describedby": `${id}-about`,
  };
  const input = part.style === 2
    ? el("textarea", { ...attributes, rows: "4" }, part.value ?? "")
    : el("input", { ...attributes, type: "text", value: part.value });
  const need = [needed ? "required" : "optional", limits && `${limits} characters`]
    .filter(Boolean).join(", ");
  return el("div", { class: "field-box" },
    el("label", { for: id }, el("bdi", { class: "field-name" }, part.label ?? "Text"),
      el("span", { class: "field-need", id: `${id}-about` }, ` ${need}`)),
    part.description && el("p", { class: "muted", dir: "auto" }, part.description),
    input);
}

/** Opens a modal; `send` takes the interaction's body and rejects with an Error for the person. */
export function openModal(data, { context, botName, send }) {
  const modal = at("modal");
  const problem = el("p", { class: "error", role: "alert" });
  const submit = el("button", { type: "submit", class: "primary", "data-testid": "modal-submit" },
    "Submit");
  const form = el("form", { autocomplete: "off", onsubmit: async (event) => {
    event.preventDefault();
    const inputs = [...form.querySelectorAll("input, textarea")];
    const fields = Object.fromEntries(inputs.map((input) => [input.name, input.value]));
    submit.disabled = true;
    try {
      await send({
        kind: "modal", interaction_id: data.interaction_id, custom_id: data.custom_id, fields,
      });
      modal.close();
    } catch (error) {
      problem.textContent = error.message;
      submit.disabled = false;
    }
  } },
    el("h2", { id: "modal-title", dir: "auto" }, data.title),
    el("p", { class: "muted" }, `This form was sent by ${botName ?? "the bot"}.`),
    data.components.map((part, number) => modalPart(part, number, context)).flat(Infinity),
    problem,
    el("div", { class: "row" }, submit,
      el("button", { type: "button", class: "plain", onclick: () => modal.close() }, "Cancel")));
  if (modal.open) modal.close();
  modal.replaceChildren(form);
  modal.showModal();
  modal.querySelector("input, textarea")?.focus();
}
